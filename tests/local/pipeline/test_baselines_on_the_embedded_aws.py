"""Runs that ask the base model first: one that needs no tuning, one that goes on."""

import csv
import io
import json

import pytest

from bedrock_customization import BaseModel, FineTuning, KnowledgeChanges, MetricName, UseCase
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_local.cloud.iam import Authorizer

pytestmark = pytest.mark.slow

BASE = "amazon.nova-micro-v1:0"
USE_CASE = UseCase(
    task="Name the intent of a bank's customer.",
    metric=MetricName.ACCURACY,
    owner="Card team",
    target=0.5,
    margin=0.01,
    budget_usd=20,
    knowledge_changes=KnowledgeChanges.YEARLY,
)


@pytest.fixture(scope="module")
def aimed(context, deploy, access_record, tmp_path_factory):
    """A pipeline with a use case."""
    arguments = {
        "Aimed": {
            "base_model": BaseModel.NOVA_MICRO,
            "method": FineTuning(hyperparameters={"epochCount": 1}),
            "use_case": USE_CASE,
        }
    }
    folder = tmp_path_factory.mktemp("assembly")
    with deploy(context, folder, arguments, access_record=access_record) as pipelines:
        yield pipelines["Aimed"]


@pytest.fixture(scope="module")
def rows(questions):
    return list(csv.DictReader(io.StringIO(questions)))


@pytest.fixture(scope="module")
def needless(aimed, questions, rows, charges):
    """A run whose base model knows every answer: how it ended, and what it was charged."""
    bedrock = aimed.cloud.bedrock
    bedrock.teach(BASE, [(row["text"], row["category"]) for row in rows])
    before = charges(bedrock.meter)
    execution = aimed.run("needless", questions)
    bedrock.teach(BASE, [])
    return execution, charges(bedrock.meter) - before


def test_a_base_model_that_meets_the_target_is_not_tuned(aimed, needless):
    execution, _ = needless
    found = aimed.manifest("needless")
    assert (execution["status"], execution["error"]) == ("FAILED", "TuningNotNeeded")
    assert found.baseline.zero_shot.interval[0] >= 0.5
    assert found.baseline.advice.verdict == "do not tune"
    reason = found.baseline.advice.reasons[0]
    assert reason.rule == "target-met"
    assert json.loads(execution["cause"])["errorMessage"] == found.failure.cause == reason.message
    assert (found.estimate, found.customization, found.deployment) == (None, None, None)


def test_a_run_without_tuning_pays_for_its_questions_alone(aimed, needless):
    _, charged = needless
    found = aimed.manifest("needless").baseline
    assert set(charged) == {(BASE, Unit.INPUT_TOKENS), (BASE, Unit.OUTPUT_TOKENS)}
    assert charged[BASE, Unit.INPUT_TOKENS][0] == (
        found.zero_shot.input_tokens + found.few_shot.input_tokens
    )
    jobs = aimed.cloud.client("bedrock").list_model_customization_jobs(nameContains="needless")
    assert jobs["modelCustomizationJobSummaries"] == []


@pytest.mark.usefixtures("needless")
def test_the_report_of_a_run_without_tuning_says_why_and_what_for(aimed):
    page = aimed.s3.get_object(Bucket=aimed.outputs["Artifacts"], Key="runs/needless/report.html")[
        "Body"
    ].read()
    assert b"Tuning is not needed" in page
    assert b"Card team" in page
    assert b"Why it failed" not in page


@pytest.fixture(scope="module")
def tuned(aimed, questions, rows, backwards, charges):
    """A run whose base model knows the words and not the answers, and what it was charged."""
    bedrock = aimed.cloud.bedrock
    bedrock.teach(BASE, [(row["text"], backwards(row["category"])) for row in rows])
    before = charges(bedrock.meter)
    execution = aimed.run("tuned", questions)
    bedrock.teach(BASE, [])
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return aimed.manifest("tuned"), charges(bedrock.meter) - before


def test_a_base_model_below_the_target_is_tuned(tuned):
    found, _ = tuned
    assert found.baseline.zero_shot.value == 0
    assert found.baseline.zero_shot.format_failures == 1
    assert found.baseline.few_shot is not None
    assert found.baseline.records == found.preparation.validation.records
    assert found.baseline.target == 0.5
    assert found.evaluation is not None
    assert found.decision.minimum_improvement == 0.01
    assert found.use_case.owner == "Card team"


def test_the_estimate_holds_what_the_baseline_was_charged(tuned):
    found, charged = tuned
    items = {item.name: item for item in found.estimate.items}
    for name, unit in (("input", Unit.INPUT_TOKENS), ("output", Unit.OUTPUT_TOKENS)):
        estimated = items[f"baseline {name}"].usd + items[f"base model {name}"].usd
        assert estimated == pytest.approx(charged[BASE, unit][1], rel=0.1)


def test_who_measures_the_baseline_has_no_right_on_the_blind_set(aimed, tuned):
    found, _ = tuned
    authorizer = Authorizer(region=aimed.cloud.region, account_id=aimed.cloud.account_id)
    (role,) = {
        one.role_arn for one in authorizer.allowances() if "BaselineMeasurement" in one.role_arn
    }
    blind = found.preparation.test.uri.replace("s3://", "arn:aws:s3:::")
    assert not authorizer.check(role, "s3:GetObject", blind).allowed
    assert not authorizer.check(role, "kms:Decrypt", aimed.outputs["BlindKey"]).allowed


@pytest.mark.usefixtures("needless", "tuned")
def test_the_role_that_measures_has_the_rights_that_the_runs_needed_and_no_more(aimed, closure_of):
    """The last test of the module, for it looks back at all runs."""
    closure = closure_of(aimed.cloud, alike=["Aimed"])
    assert closure.denied() == set()
    measuring = {one for one in closure.surplus() if "BaselineMeasurement" in one.role}
    assert measuring == set()
