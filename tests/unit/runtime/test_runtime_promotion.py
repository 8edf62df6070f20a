"""Whether a candidate goes live, and moving the alias."""

import math

import pytest

from bedrock_customization_runtime import promotion, storage
from bedrock_customization_runtime.errors import PromotionConflict


def evaluation(lower, upper=0.9, *, base=0.1, tuned=0.8):
    return {
        "report": "s3://runtime-artifacts/e.json",
        "metric": "accuracy",
        "records": 100,
        "base": base,
        "tuned": tuned,
        "difference": tuned - base,
        "interval": [lower, upper],
        "p_value": 0.001,
    }


def decided(lower, minimum=0.0, **figures):
    return promotion.decide(evaluation(lower, **figures), {"minimum_improvement": minimum})


def test_an_interval_above_the_requirement_passes():
    decision = decided(0.05, minimum=0.04)
    assert decision["promote"]
    (reason,) = decision["reasons"]
    assert reason == (
        "accuracy improves by +5.0 to +90.0 points with 95 % confidence, "
        "where more than +4.0 are required"
    )


@pytest.mark.parametrize("lower", [0.0, -0.01])
def test_an_interval_that_touches_zero_does_not_pass(lower):
    assert not decided(lower)["promote"]


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_never_passes(figure):
    assert not decided(0.5, upper=figure)["promote"]
    assert not decided(figure)["promote"]
    assert not decided(0.5, tuned=figure)["promote"]


def promoted(s3, ssm, candidate, record="s3://runtime-artifacts/promotions/x.json"):
    return promotion.promote(
        s3,
        ssm,
        record=record,
        alias_parameter="alias",
        candidate=candidate,
        execution_arn="arn:run",
    )


def alias_of(ssm):
    return ssm.get_parameter(Name="alias")["Parameter"]["Value"]


def test_promotion_moves_the_alias_and_remembers_what_was_there(s3, ssm):
    promoted(s3, ssm, "arn:first")
    record = promoted(s3, ssm, "arn:second")
    assert alias_of(ssm) == "arn:second"
    assert record.previous == "arn:first"


def test_promoting_twice_is_the_same_as_once(s3, ssm):
    uri = "s3://runtime-artifacts/promotions/twice.json"
    promoted(s3, ssm, "arn:old", uri)
    first = promoted(s3, ssm, "arn:new", uri)
    assert promoted(s3, ssm, "arn:new", uri) == first


def test_of_two_promotions_at_once_one_wins(s3, ssm, monkeypatch):
    uri = "s3://runtime-artifacts/promotions/race.json"
    read = storage.read_version

    def read_then_lose(client, where):
        version = read(client, where)
        monkeypatch.undo()
        promoted(s3, ssm, "arn:theirs", uri)
        return version

    monkeypatch.setattr(storage, "read_version", read_then_lose)
    with pytest.raises(PromotionConflict, match="alias was moved by another run"):
        promoted(s3, ssm, "arn:ours", uri)
    assert alias_of(ssm) == "arn:theirs"


def test_aliases_have_records_of_their_own():
    assert promotion.record_uri("b", "one") != promotion.record_uri("b", "two")
