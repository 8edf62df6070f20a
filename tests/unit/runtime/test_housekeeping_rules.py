"""What is left and what is not: every rule, at its limit. No AWS at all."""

from datetime import UTC, datetime, timedelta

import pytest

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.contract import EXPIRY_TAG, PIPELINE_TAG, RUN_TAG
from bedrock_customization_runtime.housekeeping.findings import FindingKind
from bedrock_customization_runtime.housekeeping.inventory import Resource, ResourceKind
from bedrock_customization_runtime.housekeeping.pipelines import GRACE, Limits, RunState, RunStatus
from bedrock_customization_runtime.housekeeping.protection import Protection
from bedrock_customization_runtime.housekeeping.rules import Facts, judge

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
RUNNING = RunState(RunStatus.RUNNING, is_ours=True)
UNKNOWN = RunState(RunStatus.UNKNOWN)
DEPLOYED = (ResourceKind.THROUGHPUT, ResourceKind.DEPLOYMENT, ResourceKind.IMPORTED_MODEL)
ARN = "arn:aws:bedrock:us-east-1:123456789012:thing/one"


def ended(ago):
    return RunState(RunStatus.ENDED, NOW - ago, is_ours=True)


def made(kind, *, ago=10 * DAY, moved=None, status="InService", run="run", ends=None):
    tags = {PIPELINE_TAG: "Tuning"} | ({RUN_TAG: run} if run else {})
    tags |= {EXPIRY_TAG: ends.isoformat()} if ends else {}
    return Resource(
        kind=kind,
        arn=ARN,
        name="one",
        status=status,
        created=NOW - ago,
        moved=NOW - (ago if moved is None else moved),
        run=run,
        tags=tags,
        foundation_model="amazon.nova-lite-v1:0:300k",
        model_units=2,
    )


def facts(*, limits=None, made_of=None, idle=(), is_retired=False, **held):
    nothing = dict.fromkeys(("live", "previous", "models", "runs"), frozenset())
    return Facts(
        now=NOW,
        limits=limits or Limits(),
        protection=Protection(**nothing | {name: frozenset(arns) for name, arns in held.items()}),
        made_of={} if made_of is None else made_of,
        idle=idle,
        is_retired=is_retired,
    )


def kind_of(resource, run, known=None):
    found = judge(resource, run, known or facts())
    return found and found.kind


@pytest.mark.parametrize("kind", DEPLOYED)
def test_what_a_run_left_deployed_is_an_orphan_once_the_run_has_ended_for_a_while(kind):
    assert kind_of(made(kind), ended(GRACE)) is None
    assert str(kind_of(made(kind), ended(GRACE + SECOND))).startswith("orphaned-")


@pytest.mark.parametrize("kind", list(ResourceKind))
def test_nothing_of_a_running_run_is_left(kind):
    limits = Limits(models=15 * DAY)
    old = made(kind, ago=400 * DAY)
    assert judge(old, RUNNING, facts(limits=limits)) is None


@pytest.mark.parametrize("kind", list(ResourceKind))
def test_nothing_of_a_run_that_nobody_knows_of_is_left(kind):
    assert judge(made(kind, ago=400 * DAY), UNKNOWN, facts(limits=Limits(models=15 * DAY))) is None


@pytest.mark.parametrize("kind", list(ResourceKind))
def test_what_names_no_run_is_not_ours_even_when_the_pipeline_is_gone(kind):
    by_hand = made(kind, ago=400 * DAY, run=None)
    for is_retired in (False, True):
        known = facts(limits=Limits(models=DAY), is_retired=is_retired)
        assert judge(by_hand, ended(300 * DAY), known) is None


@pytest.mark.parametrize("kind", DEPLOYED)
@pytest.mark.parametrize("held", ["live", "previous"])
def test_what_is_live_or_was_before_is_not_left_however_old_its_run_is(kind, held):
    assert judge(made(kind, ago=400 * DAY), ended(399 * DAY), facts(**{held: [ARN]})) is None


def test_throughput_past_its_end_is_left_even_if_it_is_live_or_its_run_goes_on():
    over = made(ResourceKind.THROUGHPUT, ends=NOW)
    assert kind_of(over, RUNNING, facts(live=[ARN])) is FindingKind.EXPIRED_THROUGHPUT
    lasting = made(ResourceKind.THROUGHPUT, ends=NOW + SECOND)
    assert kind_of(lasting, RUNNING) is None


def test_throughput_costs_what_its_units_do():
    found = judge(made(ResourceKind.THROUGHPUT, ends=NOW), RUNNING, facts())
    price = catalog.base_model("amazon.nova-lite-v1:0:300k").prices.provisioned_per_model_unit_hour
    assert found.usd_per_hour == 2 * price.usd > 0
    assert found.usd_per_month == 0


@pytest.mark.parametrize("held", ["live", "previous"])
def test_idle_throughput_that_is_held_on_to_is_for_people_to_decide(held):
    found = judge(made(ResourceKind.THROUGHPUT), ended(9 * DAY), facts(idle=[ARN], **{held: [ARN]}))
    assert found.kind is FindingKind.IDLE_THROUGHPUT
    assert "24 hours" in found.reason


@pytest.mark.parametrize("status", ["Creating", "Updating"])
def test_what_is_changing_is_left_for_the_next_round(status):
    assert kind_of(made(ResourceKind.DEPLOYMENT, status=status), ended(DAY)) is None
    assert kind_of(made(ResourceKind.THROUGHPUT, status=status, ends=NOW - DAY), ended(DAY)) is None


@pytest.mark.parametrize("kind", [ResourceKind.CUSTOMIZATION_JOB, ResourceKind.EVALUATION_JOB])
def test_a_job_stalls_by_its_last_progress_and_once_its_run_has_ended(kind):
    limits = Limits(stall=2 * DAY)
    for moved, run, left in (
        (2 * DAY, ended(DAY), False),
        (2 * DAY + SECOND, ended(DAY), True),
        (2 * DAY + SECOND, ended(GRACE), False),
        (30 * DAY, RUNNING, False),
    ):
        found = kind_of(made(kind, ago=40 * DAY, moved=moved), run, facts(limits=limits))
        assert (found is FindingKind.STALLED_JOB) == left, (moved, run)


def test_models_are_kept_where_no_retention_is_given():
    assert kind_of(made(ResourceKind.CUSTOM_MODEL, ago=999 * DAY), ended(998 * DAY)) is None


def test_a_candidate_has_lost_when_it_and_its_run_are_past_their_retention():
    limits = Limits(models=30 * DAY)
    for ago, run, left in (
        (31 * DAY, ended(30 * DAY), False),
        (31 * DAY, ended(30 * DAY + SECOND), True),
        # A redriven run ended anew.
        (90 * DAY, ended(DAY), False),
    ):
        found = kind_of(made(ResourceKind.CUSTOM_MODEL, ago=ago), run, facts(limits=limits))
        assert (found is FindingKind.LOST_CANDIDATE) == left, (ago, run)


def test_a_model_that_was_ever_promoted_or_that_anything_is_made_of_has_not_lost():
    limits, old = Limits(models=30 * DAY), made(ResourceKind.CUSTOM_MODEL, ago=99 * DAY)
    run = ended(98 * DAY)
    assert kind_of(old, run, facts(limits=limits)) is FindingKind.LOST_CANDIDATE
    assert kind_of(old, run, facts(limits=limits, models=[ARN])) is None
    assert kind_of(old, run, facts(limits=limits, made_of={ARN: {"someone's deployment"}})) is None


def test_no_model_is_judged_while_nobody_knows_what_is_made_of_it():
    known = facts(limits=Limits(models=30 * DAY))
    blind = Facts(now=NOW, limits=known.limits, protection=known.protection, made_of=None, idle=())
    old = made(ResourceKind.CUSTOM_MODEL, ago=99 * DAY)
    assert judge(old, ended(98 * DAY), blind) is None


@pytest.mark.parametrize("kind", list(ResourceKind))
def test_all_that_bills_by_time_is_left_of_a_pipeline_that_is_gone(kind):
    known = facts(live=[ARN], is_retired=True)
    found = judge(made(kind), UNKNOWN, known)
    if kind is ResourceKind.CUSTOM_MODEL:
        assert found is None
        known = facts(models=[ARN], is_retired=True, limits=Limits(models=timedelta(0)))
        found = judge(made(kind), UNKNOWN, known)
    assert found.reason == "its pipeline is gone"
