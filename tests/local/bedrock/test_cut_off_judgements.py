"""Evaluation jobs of an execution that ended while a judge was at work."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.deployment import cleanup

JUDGE = {"bedrockEvaluatorModels": [{"modelIdentifier": "us.amazon.nova-pro-v1:0"}]}
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:p:run-9"
EVENT = {
    "execution_arn": EXECUTION,
    "kind": "on-demand",
    "artifacts_bucket": "output",
    "alias_parameter": "alias",
    "judged_bucket": "data",
}


class StepFunctions:
    def __init__(self, *statuses):
        self.statuses = list(statuses)

    def describe_execution(self, *, executionArn):  # noqa: N803 - Step Functions' name
        assert executionArn == EXECUTION
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"status": status, "stopDate": datetime.now(UTC)}


@pytest.fixture
def run(cloud):
    """A run whose answers are compared; jobs take seconds until they are stopped."""
    object.__setattr__(cloud.clock, "scale", 0.05)
    answer = {
        "prompt": "where is my card",
        "referenceResponse": "card_arrival",
        "modelResponses": [{"response": "card_arrival", "modelIdentifier": "answer"}],
    }
    cloud.put("judge/base.jsonl", [json.dumps(answer)])
    document = manifest.Manifest(
        run=manifest.RunSection(
            id="run-9",
            execution_arn=EXECUTION,
            source="s3://data/incoming/a.csv",
            base_model="amazon.nova-micro-v1:0:128k",
            inference_model="amazon.nova-micro-v1:0",
            catalog_version="1",
            library_version="1",
            started="2026-11-23T00:00:00+00:00",
            embedded=True,
        ),
        customization=manifest.CustomizationSection(
            job_name="j",
            job_arn="arn:job",
            model_arn="arn:model",
            customization_type="FINE_TUNING",
            hyperparameters={},
            started="2026-11-23T00:00:00+00:00",
            ended="2026-11-23T01:00:00+00:00",
            training_curve=[],
            validation_curve=[],
        ),
        evaluation=manifest.EvaluationSection(primary="accuracy", metrics=[], answers=[]),
    )
    body = msgspec.json.encode(document)
    cloud.s3.put_object(Bucket="output", Key="runs/run-9/manifest.json", Body=body)


def judged(cloud, name, run_key):
    """Start an evaluation job as the judge of a run does, and return its ARN."""
    place = {"s3Uri": "s3://data/judge/base.jsonl"}
    metrics = {
        "taskType": "General",
        "dataset": {"name": "blind", "datasetLocation": place},
        "metricNames": ["Builtin.Correctness"],
    }
    automated = {"datasetMetricConfigs": [metrics], "evaluatorModelConfig": JUDGE}
    source = {"precomputedInferenceSource": {"inferenceSourceIdentifier": "answer"}}
    return cloud.bedrock.create_evaluation_job(
        jobName=name,
        roleArn="arn:aws:iam::123456789012:role/customization",
        applicationType="ModelEvaluation",
        evaluationConfig={"automated": automated},
        inferenceConfig={"models": [source]},
        outputDataConfig={"s3Uri": f"s3://data/runs/{run_key}/judge/output/"},
    )["jobArn"]


def status(cloud, arn):
    return cloud.bedrock.get_evaluation_job(jobIdentifier=arn)["status"]


def clean_up(cloud, states, event=EVENT, pause=lambda _seconds: None):
    clients = cleanup.Clients(
        bedrock=cloud.bedrock, s3=cloud.s3, ssm=cloud.client("ssm"), stepfunctions=states
    )
    return cleanup.clean_up(clients, event, remaining_ms=lambda: 900_000, pause=pause)


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("ended", ["ABORTED", "TIMED_OUT", "FAILED"])
def test_the_jobs_of_the_run_are_stopped_and_no_others(cloud, ended):
    own = [judged(cloud, f"own-{number}", "run-9") for number in range(2)]
    other = judged(cloud, "other", "run-90")
    assert set(clean_up(cloud, StepFunctions(ended))) == set(own)
    for arn in own:
        cloud.until(lambda arn=arn: {"is": status(cloud, arn)}, lambda job: job["is"] == "Stopped")
    assert status(cloud, other) == "InProgress"
    assert clean_up(cloud, StepFunctions(ended)) == []


@pytest.mark.usefixtures("run")
def test_a_job_that_is_started_after_the_end_is_stopped_too(cloud):
    late, pauses = [], []

    def pause(seconds):
        pauses.append(seconds)
        if seconds > 60:
            late.append(judged(cloud, "late", "run-9"))

    assert clean_up(cloud, StepFunctions("ABORTED"), pause=pause) == late
    assert pauses[-1] == pytest.approx(cleanup.JUDGING_SECONDS, abs=60)


@pytest.mark.usefixtures("run")
def test_a_run_that_was_redriven_meanwhile_keeps_its_jobs(cloud):
    arn = judged(cloud, "own", "run-9")
    assert clean_up(cloud, StepFunctions("ABORTED", "RUNNING")) == []
    assert status(cloud, arn) == "InProgress"


@pytest.mark.usefixtures("run")
def test_without_a_judge_no_job_is_looked_for(cloud):
    arn = judged(cloud, "own", "run-9")
    event = {name: value for name, value in EVENT.items() if name != "judged_bucket"}
    pauses = []
    assert clean_up(cloud, StepFunctions("ABORTED"), event, pauses.append) == []
    assert max(pauses) == cleanup.PAUSE_SECONDS
    assert status(cloud, arn) == "InProgress"
