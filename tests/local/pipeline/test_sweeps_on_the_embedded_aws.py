"""Whole sweeps of the synthesized state machine with the real handlers and real trainings."""

import csv
import io
import random
import time

import pytest

from bedrock_customization import BaseModel, EarlyStopping, FineTuning, Sweep
from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_runtime import names

pytestmark = pytest.mark.slow

FENCE = 0.5
# The default rate, a twentieth of it, and a thousand times it.
RATES = [1e-4, 5e-6, 0.1]
STALLS, DIVERGE = 3, (5, 6)


@pytest.fixture(scope="module")
def deployed(deploy):
    """A sweep over a grid, one in rounds, one without money, and a job that is stopped early.

    Of Llama, because only it takes rates that are high enough to diverge.
    """
    grid = Sweep.grid({"learningRate": RATES, "epochCount": [1, 2]}, max_concurrency=3)
    arguments = {
        # No source states what Llama costs on demand, so only the rest is held against the fence.
        "Grid": {"sweep": grid, "max_cost_usd": FENCE, "allow_unknown_price": True},
        "Rounds": {
            "sweep": Sweep.adaptive(
                {"learningRate": (1e-5, 1e-3)}, rounds=2, candidates_per_round=2
            ),
            "method": FineTuning(hyperparameters={"epochCount": 1}),
        },
        "Poor": {"sweep": grid, "max_cost_usd": 1e-6, "allow_unknown_price": True},
        "Early": {
            "method": FineTuning(hyperparameters={"epochCount": 10, "learningRate": 1e-3}),
            "early_stopping": EarlyStopping(patience=1),
        },
    }
    arguments = {
        name: {"base_model": BaseModel.LLAMA_3_3_70B, "sharding": None, **given}
        for name, given in arguments.items()
    }
    with deploy(arguments, region="us-west-2") as pipelines:
        yield pipelines


def jobs_of(pipeline, prefix):
    client = pipeline.cloud.client("bedrock")
    found = client.list_model_customization_jobs(nameContains=prefix)
    return {job["jobArn"]: job for job in found["modelCustomizationJobSummaries"]}


def training_usd(pipeline, jobs):
    return {
        line.resource: line.usd
        for line in pipeline.cloud.bedrock.meter.lines()
        if line.unit is Unit.TRAINING_TOKENS and line.resource in jobs
    }


def execution_arn(pipeline, name):
    machine = pipeline.outputs["StateMachine"].replace(":stateMachine:", ":execution:")
    return f"{machine}:{name}"


@pytest.fixture(scope="module")
def swept(deployed, questions):
    """The manifest of a run in which one candidate stalls."""
    pipeline = deployed["Grid"]
    job, _, _ = names.job_of(execution_arn(pipeline, "six"), 0, STALLS)
    pipeline.cloud.bedrock.faults.inject(Fault(name="stalls", kind=FaultKind.STALL_JOB, job=job))
    execution = pipeline.run("six", questions)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return pipeline.manifest("six")


def test_the_candidate_with_the_lowest_validation_loss_wins(swept):
    completed = [one for one in swept.sweep.candidates if one.status == "completed"]
    best = min(completed, key=lambda one: one.validation_loss)
    (chosen,) = [one for one in swept.sweep.candidates if one.chosen]
    assert chosen == best
    assert chosen.hyperparameters["learningRate"] == "0.0001"
    assert swept.customization.job_name == chosen.job_name
    assert swept.deployment.arn


def test_each_candidate_has_its_diagnosis_and_its_reason(swept):
    candidates = {one.number: one for one in swept.sweep.candidates}
    assert len(candidates) == 6
    for number in DIVERGE:
        assert candidates[number].diagnosis.verdict == "diverged"
        assert candidates[number].reason == "diverged"
    assert candidates[STALLS].status == "stalled"
    assert "no progress" in candidates[STALLS].reason
    assert all(one.reason for one in candidates.values())
    assert swept.sweep.ended == "all were tried"


def test_the_report_shows_the_sweep(deployed, swept):
    page = (
        deployed["Grid"]
        .s3.get_object(Bucket=deployed["Grid"].outputs["Artifacts"], Key="runs/six/report.html")[
            "Body"
        ]
        .read()
        .decode()
    )
    assert "diverged" in page
    assert "stalled" in page
    assert f"Candidate {next(one.number for one in swept.sweep.candidates if one.chosen)}" in page


def test_a_sweep_costs_no_more_than_its_fence_and_its_estimate(deployed, swept):
    jobs = jobs_of(deployed["Grid"], "six-")
    assert len(jobs) == 6
    paid = sum(training_usd(deployed["Grid"], jobs).values())
    assert swept.estimate.usd is None
    assert 0 < paid <= swept.estimate.known_usd <= FENCE
    assert swept.estimate.epochs == 9


def test_only_the_winners_model_is_left(deployed, swept):
    client = deployed["Grid"].cloud.client("bedrock")
    models = {model["modelArn"] for model in client.list_custom_models()["modelSummaries"]}
    trained = {one.model_arn for one in swept.sweep.candidates if one.model_arn}
    assert trained & models == {swept.customization.model_arn}
    assert [one.model_deleted for one in swept.sweep.candidates if one.model_arn].count(False) == 1


def test_each_job_published_its_losses(deployed, swept):
    listed = (
        deployed["Grid"]
        .cloud.client("cloudwatch")
        .list_metrics(Namespace="BedrockCustomization", MetricName="ValidationLoss")["Metrics"]
    )
    jobs = {
        dimension["Value"]
        for metric in listed
        for dimension in metric["Dimensions"]
        if dimension["Name"] == "Job"
    }
    left_losses = {one.job_name for one in swept.sweep.candidates if one.validation_curve}
    assert left_losses <= jobs
    assert len(left_losses) == 5


def test_a_fence_below_one_job_starts_none(deployed, questions):
    execution = deployed["Poor"].run("poor", questions)
    assert (execution["status"], execution["error"]) == ("FAILED", "BudgetExceeded")
    assert "max_cost_usd is 1e-06" in execution["cause"]
    assert not jobs_of(deployed["Poor"], "poor-")


def test_a_run_that_failed_between_rounds_pays_no_candidate_twice(deployed, questions):
    pipeline = deployed["Rounds"]
    arn = pipeline.start("rounds", questions)
    while not jobs_of(pipeline, "rounds-"):
        assert pipeline.states.describe_execution(executionArn=arn)["status"] == "RUNNING"
        time.sleep(0.05)
    # What the second proposal asks first.
    pipeline.cloud.bedrock.faults.inject(
        Fault(name="busy", kind=FaultKind.QUOTA, operation="GetFoundationModel")
    )
    execution = pipeline.wait(arn)
    assert (execution["status"], execution["error"]) == ("FAILED", "ServiceQuotaExceededException")
    first = jobs_of(pipeline, "rounds-")
    paid = training_usd(pipeline, first)
    assert len(first) == len(paid) == 2

    pipeline.states.redrive_execution(executionArn=arn)
    while pipeline.manifest("rounds").sweep is None:
        assert pipeline.states.describe_execution(executionArn=arn)["status"] == "RUNNING"
        time.sleep(0.05)
    # What follows has its own tests.
    pipeline.states.stop_execution(executionArn=arn)
    pipeline.wait(arn)
    assert training_usd(pipeline, first) == paid
    found = pipeline.manifest("rounds")
    assert len(jobs_of(pipeline, "rounds-")) == len(found.sweep.candidates)
    assert {one.round for one in found.sweep.candidates} == {1, 2}
    assert {one.attempts for one in found.sweep.candidates} == {1}


def without_meaning(questions):
    """Return questions whose answers were shuffled: learning them by heart is all one can do."""
    rows = list(csv.DictReader(io.StringIO(questions)))
    labels = [row["category"] for row in rows]
    random.Random(0).shuffle(labels)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["text", "category"])
    writer.writerows((row["text"], label) for row, label in zip(rows, labels, strict=True))
    return out.getvalue()


def test_a_job_whose_validation_loss_turns_is_stopped_while_it_trains(deployed, make_questions):
    pipeline = deployed["Early"]
    # So many that the training outlasts several looks.
    execution = pipeline.run("early", without_meaning(make_questions(6, 100)))
    assert (execution["status"], execution["error"]) == ("FAILED", "CustomizationStoppedEarly")
    assert "is charged for what it did" in execution["cause"]
    (job,) = jobs_of(pipeline, "early-").values()
    assert job["status"] in {"Stopping", "Stopped"}
    assert "customModelArn" not in job
    assert pipeline.manifest("early").failure.error == "CustomizationStoppedEarly"


def test_the_roles_have_the_rights_that_the_runs_needed_and_no_more(deployed, closure_of, given):
    """The last test of the module, for it looks back at all runs."""
    elsewhere = [
        # No candidate is taken away here: the tests of the whole pipeline do that.
        given("CandidateRemovalRemoveRole", "*", "*"),
        given("RunCleanupCleanUpRole", "*", "*"),
        # Nor is a blind test gone on with, or a model live before.
        given("StateMachineRole", "states:RedriveExecution", "*"),
        given("ModelEvaluationAnswerRole", "bedrock:GetCustomModelDeployment", "*"),
    ]
    # Or Step Functions, giving up the branch of a job that stalls, was faster.
    stop = given(
        "ModelCustomizationCustomizeRole",
        "bedrock:StopModelCustomizationJob",
        "model-customization-job/*",
    )
    closure = closure_of(deployed["Grid"].cloud, alike=list(deployed))
    assert closure.denied() == set()
    assert closure.surplus([*elsewhere, stop]) == set()
    assert closure.stale(elsewhere) == []
