"""Moving the alias forward and back."""

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime.errors import (
    AliasNotWritten,
    InvalidInput,
    PromotionConflict,
)
from bedrock_customization_runtime.promotion import alias


@pytest.fixture
def record(request):
    return f"s3://runtime-artifacts/promotions/{request.node.name}.json"


@pytest.fixture
def promoted(s3, ssm, record):
    """Promote a run's candidate."""

    def promote(run, arn=None, execution=None):
        return alias.promote(
            s3,
            ssm,
            record=record,
            alias_parameter="alias",
            run=run,
            manifest_uri=f"s3://runtime-artifacts/runs/{run}/manifest.json",
            arn=arn or f"arn:{run}",
            model_arn=f"model:{run}",
            execution_arn=execution or f"execution:{run}",
        )

    return promote


@pytest.fixture
def rolled_back(s3, ssm, record):
    """Go back to a run."""

    def roll_back(to=None, check=lambda _: None):
        return alias.roll_back(
            s3, ssm, record=record, alias_parameter="alias", to=to, by="arn:me", check=check
        )

    return roll_back


def alias_of(ssm):
    return ssm.get_parameter(Name="alias")["Parameter"]["Value"]


def history(s3, record):
    return [(move.kind, move.run) for move in alias.read(s3, record).history]


def test_promotion_moves_the_alias_and_remembers_what_was_there(ssm, promoted):
    promoted("first")
    assert promoted("second").previous == "arn:first"
    assert alias_of(ssm) == "arn:second"


def test_promoting_twice_is_the_same_as_once(s3, record, promoted):
    promoted("old")
    first = promoted("new")
    assert promoted("new") == first
    assert history(s3, record) == [("promote", "old"), ("promote", "new")]


def test_a_model_that_comes_under_the_same_address_is_a_move_of_its_own(s3, record, promoted):
    promoted("old", arn="arn:same")
    assert promoted("new", arn="arn:same").previous == "arn:same"
    assert history(s3, record) == [("promote", "old"), ("promote", "new")]


def test_of_two_promotions_at_once_one_wins(s3, ssm, record, promoted, lose_to):
    lose_to(lambda: promoted("theirs"))
    with pytest.raises(PromotionConflict, match="alias was moved by another"):
        promoted("ours")
    assert alias_of(ssm) == "arn:theirs"
    assert history(s3, record) == [("promote", "theirs")]


def test_of_a_promotion_and_a_rollback_at_once_one_wins(ssm, promoted, rolled_back, lose_to):
    promoted("first")
    promoted("second")
    lose_to(lambda: promoted("third"))
    with pytest.raises(PromotionConflict):
        rolled_back()
    assert alias_of(ssm) == "arn:third"


def fail_once(monkeypatch, ssm):
    def refuse(**_given):
        monkeypatch.undo()
        raise ClientError({"Error": {"Code": "InternalServerError"}}, "PutParameter")

    monkeypatch.setattr(ssm, "put_parameter", refuse)


def test_a_parameter_that_could_not_be_written_is_mended_by_a_retry(
    s3, ssm, record, promoted, monkeypatch
):
    promoted("old")
    fail_once(monkeypatch, ssm)
    with pytest.raises(AliasNotWritten, match="asking again writes it"):
        promoted("new")
    assert alias_of(ssm) == "arn:old"
    promoted("new")
    assert alias_of(ssm) == "arn:new"
    assert history(s3, record) == [("promote", "old"), ("promote", "new")]


def test_a_slow_promotion_never_leaves_an_older_move_in_the_alias(ssm, promoted, monkeypatch):
    put = ssm.put_parameter

    def put_after_another_promotion(**given):
        monkeypatch.undo()
        promoted("faster")
        put(**given)

    monkeypatch.setattr(ssm, "put_parameter", put_after_another_promotion)
    promoted("slow")
    assert alias_of(ssm) == "arn:faster"


def test_a_retry_that_comes_after_a_newer_promotion_leaves_it(ssm, promoted, monkeypatch):
    fail_once(monkeypatch, ssm)
    with pytest.raises(AliasNotWritten):
        promoted("slow")
    promoted("newer")
    assert promoted("slow").arn == "arn:slow"
    assert alias_of(ssm) == "arn:newer"


def test_aliases_have_records_of_their_own():
    assert alias.record_uri("b", "one") != alias.record_uri("b", "two")


def test_a_rollback_undoes_the_last_move(s3, ssm, record, promoted, rolled_back):
    promoted("first")
    promoted("second")
    move = rolled_back()
    assert (move.kind, move.run, move.previous, move.by) == (
        "rollback",
        "first",
        "arn:second",
        "arn:me",
    )
    assert move.model_arn == "model:first"
    assert alias_of(ssm) == "arn:first"
    assert rolled_back().run == "second"
    assert history(s3, record)[2:] == [("rollback", "first"), ("rollback", "second")]


def test_a_rollback_goes_to_any_earlier_run(ssm, promoted, rolled_back):
    for run in ("first", "second", "third"):
        promoted(run)
    assert rolled_back("first").previous == "arn:third"
    assert alias_of(ssm) == "arn:first"


def test_a_rollback_to_what_is_live_only_mends_the_parameter(
    s3, ssm, record, promoted, rolled_back
):
    promoted("first")
    ssm.put_parameter(Name="alias", Value="arn:lost", Type="String", Overwrite=True)
    rolled_back("first")
    assert alias_of(ssm) == "arn:first"
    assert history(s3, record) == [("promote", "first")]


def test_a_rollback_that_was_cut_off_is_finished_by_asking_again(
    s3, ssm, record, promoted, rolled_back, monkeypatch
):
    promoted("first")
    promoted("second")
    fail_once(monkeypatch, ssm)
    with pytest.raises(AliasNotWritten):
        rolled_back()
    assert alias_of(ssm) == "arn:second"
    assert rolled_back().run == "first"
    assert alias_of(ssm) == "arn:first"
    assert history(s3, record)[2:] == [("rollback", "first")]


def test_a_rollback_to_a_run_that_was_never_promoted_names_those_that_were(promoted, rolled_back):
    promoted("first")
    with pytest.raises(InvalidInput, match="got nobody: known are first"):
        rolled_back("nobody")


@pytest.mark.parametrize("runs", [[], ["only"]])
def test_a_rollback_needs_something_to_go_back_to(promoted, rolled_back, runs):
    for run in runs:
        promoted(run)
    with pytest.raises(InvalidInput, match="nothing to go back to"):
        rolled_back()


def test_a_rollback_to_what_does_not_answer_moves_nothing(ssm, promoted, rolled_back):
    promoted("first")
    promoted("second")

    def refuse(move):
        raise InvalidInput(f"{move.arn} is gone")

    with pytest.raises(InvalidInput, match="arn:first is gone"):
        rolled_back(check=refuse)
    assert alias_of(ssm) == "arn:second"
