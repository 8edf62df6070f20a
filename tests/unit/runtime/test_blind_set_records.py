"""A blind set's record of the runs it has decided."""

import msgspec
import pytest

from bedrock_customization_runtime.errors import ManifestConflict
from bedrock_customization_runtime.promotion import blind_sets
from bedrock_customization_runtime.s3 import objects


def noted(s3, uri, run):
    decision = blind_sets.BlindSetDecision(
        run=run, execution_arn=f"arn:{run}", decided="2026-01-01T00:00:00Z"
    )
    return blind_sets.note(s3, uri, decision)


def test_a_decision_says_how_many_came_before_and_a_retry_says_the_same(s3):
    uri = blind_sets.record_uri("runtime-artifacts", "abc")
    assert [noted(s3, uri, run) for run in ("a", "b", "c", "b", "a")] == [0, 1, 2, 1, 0]
    found = msgspec.json.decode(objects.read(s3, uri), type=blind_sets.BlindSetRecord)
    assert [one.run for one in found.decisions] == ["a", "b", "c"]


def test_two_runs_that_decide_at_once_both_stand_in_the_record(s3, lose_to):
    uri = blind_sets.record_uri("runtime-artifacts", "race")
    lose_to(lambda: noted(s3, uri, "theirs"))
    assert noted(s3, uri, "ours") == 1


def test_a_record_that_never_rests_ends_with_what_to_do(s3, monkeypatch):
    uri = blind_sets.record_uri("runtime-artifacts", "restless")

    def lose(*_args, **_given):
        raise objects.VersionConflictError(uri)

    monkeypatch.setattr(objects, "write_version", lose)
    with pytest.raises(ManifestConflict, match="run it again"):
        noted(s3, uri, "ours")


def test_blind_sets_have_records_of_their_own():
    assert blind_sets.record_uri("b", "one") != blind_sets.record_uri("b", "two")
