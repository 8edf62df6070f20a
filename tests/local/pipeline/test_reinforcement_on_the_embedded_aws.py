"""Reinforcement from synth to a promoted model, with our grader as a real function; its failures.

Three machines: a whole pipeline, and two of phases alone, whose jobs may neither stall nor last.
"""

import json
import time

import pytest
from aws_cdk import App, Duration, Stack, aws_stepfunctions as sfn
from constructs import Construct

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStorage,
    DataPreparation,
    ExactMatch,
    Grader,
    JudgeModel,
    ModelCustomization,
    RecordTemplate,
    ReinforcementFineTuning,
    RunStart,
)
from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_runtime import manifest

pytestmark = pytest.mark.slow

MODEL = BaseModel.NOVA_2_LITE
TEMPLATE = RecordTemplate(
    prompt="{text}", completion="{category}", system="Answer with the intent."
)
JUDGE = "us.amazon.nova-micro-v1:0"
HYPERPARAMETERS = {"epochCount": 1, "batchSize": 32, "trainingSamplePerPrompt": 4}


def phases_alone(stack, name, method, storage, **limits):
    """Define a machine of phases alone, and have its jobs stopped."""
    scope = Construct(stack, name)
    common = {"storage": storage, "base_model": MODEL, "method": method}
    start = RunStart(scope, "RunStart", **common)
    prepare = DataPreparation(scope, "DataPreparation", template=TEMPLATE, sharding=None, **common)
    customize = ModelCustomization(scope, "ModelCustomization", **common, **limits)
    machine = sfn.StateMachine(
        scope,
        "StateMachine",
        query_language=sfn.QueryLanguage.JSONATA,
        definition_body=sfn.DefinitionBody.from_chainable(
            sfn.Chain.start(start).next(prepare).next(customize)
        ),
    )
    customize.stop_jobs_of(machine)
    return machine


@pytest.fixture(scope="module")
def runs(context, tmp_path_factory, start_cloud, deploy_app):
    app = App(context=context, outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = Stack(app, "Stack")
    storage = CustomizationStorage(stack, "Storage")
    method = ReinforcementFineTuning(
        grader=Grader(stack, "Grader", reward=ExactMatch()), hyperparameters=HYPERPARAMETERS
    )
    pipeline = CustomizationPipeline(
        stack,
        "Whole",
        base_model=MODEL,
        template=TEMPLATE,
        method=method,
        storage=storage,
        sharding=None,
        max_tokens=8,
    )
    machines = {
        name: phases_alone(stack, name, method, storage, **limits)
        for name, limits in {
            "Impatient": {"stall_limit": Duration.hours(1)},
            "Brief": {"timeout": Duration.minutes(12)},
        }.items()
    }
    judge = Grader(
        stack, "Judge", reward=JudgeModel(model=JUDGE, instructions="Is the greeting polite?")
    )
    for name, value in {
        "Judge": judge.function_arn,
        "Whole": pipeline.state_machine.state_machine_arn,
        **{name: machine.state_machine_arn for name, machine in machines.items()},
        "Data": storage.data_bucket.bucket_name,
        "Artifacts": storage.artifacts_bucket.bucket_name,
        "Alias": pipeline.alias.arn_parameter.parameter_name,
    }.items():
        stack.export_value(value, name=name)
    with start_cloud() as cloud:
        yield Runs(cloud, deploy_app(cloud, app))


class Runs:
    """What people do with the machines."""

    def __init__(self, cloud, outputs):
        self.cloud, self.outputs = cloud, outputs
        self.bedrock = cloud.client("bedrock")
        self.states = cloud.client("stepfunctions")

    def start(self, machine, name, data, **given):
        bucket = self.outputs["Data"]
        key = f"incoming/{name}.csv"
        self.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=data.encode())
        return self.states.start_execution(
            stateMachineArn=self.outputs[machine],
            name=name,
            input=json.dumps({"source": f"s3://{bucket}/{key}", **given}),
        )["executionArn"]

    def wait(self, arn, *, seconds=120):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            execution = self.states.describe_execution(executionArn=arn)
            if execution["status"] != "RUNNING":
                return execution
            time.sleep(0.2)
        raise AssertionError(f"{arn} still runs after {seconds} s")

    def run(self, machine, name, data, **given):
        return self.wait(self.start(machine, name, data, **given))

    def jobs(self, run):
        found = self.bedrock.list_model_customization_jobs(nameContains=f"{run}-")
        return found["modelCustomizationJobSummaries"]

    def ended_job(self, run, *, seconds=60):
        """Return the run's one job, once it has come to an end."""
        deadline = time.monotonic() + seconds
        (job,) = self.jobs(run)
        while job["status"] in {"InProgress", "Stopping"}:
            assert time.monotonic() < deadline, f"{job['jobName']} still runs"
            time.sleep(0.02)
            (job,) = self.jobs(run)
        return self.bedrock.get_model_customization_job(jobIdentifier=job["jobArn"])

    def manifest(self, run):
        uri = f"s3://{self.outputs['Artifacts']}/runs/{run}/manifest.json"
        return manifest.load(self.cloud.client("s3"), uri)


@pytest.fixture
def faults(runs):
    runs.cloud.bedrock.faults.clear()
    yield runs.cloud.bedrock.faults
    runs.cloud.bedrock.faults.clear()


@pytest.fixture(scope="module")
def tuned(runs, questions):
    """A run whose create call lost its reply, and that was redriven from after its job ended."""
    runs.cloud.bedrock.faults.inject(
        Fault(name="lost", kind=FaultKind.LOST_REPLY, operation="CreateModelCustomizationJob"),
        Fault(name="late", kind=FaultKind.QUOTA, operation="GetCustomModel"),
    )
    given = {"learningRate": "0.00005", "inferenceMaxTokens": "8"}
    arn = runs.start("Whole", "tuned", questions, hyperparameters=given)
    failed = runs.wait(arn)
    assert (failed["status"], failed["error"]) == ("FAILED", "ServiceQuotaExceededException")
    paid = runs.cloud.bedrock.meter.lines()
    runs.states.redrive_execution(executionArn=arn)
    execution = runs.wait(arn)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert runs.cloud.bedrock.faults.injected == ("lost", "late")
    return runs.manifest("tuned"), paid


def test_rewards_alone_make_a_model_that_is_better_and_promoted(runs, tuned):
    found, _ = tuned
    assert found.status == "promoted"
    assert found.evaluation.metrics[0].interval[0] > 0
    alias = runs.cloud.client("ssm").get_parameter(Name=runs.outputs["Alias"])
    assert alias["Parameter"]["Value"] == found.deployment.arn


def test_the_grader_was_a_function_of_this_stack_and_logged_no_data(runs, tuned):
    found, _ = tuned
    (job,) = runs.jobs("tuned")
    details = runs.bedrock.get_model_customization_job(jobIdentifier=job["jobArn"])
    asked = details["customizationConfig"]["rftConfig"]
    function = asked["graderConfig"]["lambdaGrader"]["lambdaArn"]
    assert function.rpartition(":")[2].isdigit()
    logs = runs.cloud.client("logs")
    name = runs.cloud.client("lambda").get_function_configuration(FunctionName=function)[
        "LoggingConfig"
    ]["LogGroup"]
    text = json.dumps(logs.filter_log_events(logGroupName=name)["events"])
    assert "REPORT" in text or "platform" in text
    assert "activate" not in text
    assert found.customization.job_arn == job["jobArn"]


def test_hyperparameters_arrive_as_numbers_those_of_the_execution_too(runs, tuned):
    found, _ = tuned
    details = runs.bedrock.get_model_customization_job(jobIdentifier=found.customization.job_arn)
    sent = details["customizationConfig"]["rftConfig"]["hyperParameters"]
    expected = {**HYPERPARAMETERS, "learningRate": 0.00005, "inferenceMaxTokens": 8}
    assert {name: sent[name] for name in expected} == expected
    assert type(sent["epochCount"]) is int
    assert found.customization.hyperparameters["learningRate"] == "0.00005"


def test_rewards_are_measured_on_the_validation_set_too(runs, tuned):
    found, _ = tuned
    details = runs.bedrock.get_model_customization_job(jobIdentifier=found.customization.job_arn)
    (validator,) = details["validationDataConfig"]["validators"]
    assert validator["s3Uri"] == found.preparation.validation.uri


@pytest.mark.usefixtures("tuned")
def test_a_lost_reply_and_a_redrive_make_one_job_that_is_paid_once(runs, tuned):
    _, paid = tuned
    (job,) = runs.jobs("tuned")
    trained = [line for line in runs.cloud.bedrock.meter.lines() if line.resource == job["jobArn"]]
    assert trained
    assert trained == [line for line in paid if line.resource == job["jobArn"]]


def test_a_judge_is_asked_with_the_rights_of_its_grader_alone(runs):
    runs.cloud.bedrock.teach(
        "amazon.nova-micro-v1:0", [("what says curmudgeon", "0"), ("what says sweetheart", "0.9")]
    )
    batch = [
        {
            "id": answer,
            "messages": [
                {"role": "user", "content": "Greet me"},
                {"role": "nova_assistant", "content": [{"text": answer}]},
            ],
            "metadata": {},
        }
        for answer in ("hello sweetheart", "go away curmudgeon")
    ]
    reply = runs.cloud.client("lambda").invoke(
        FunctionName=runs.outputs["Judge"], Payload=json.dumps(batch).encode()
    )
    results = json.loads(reply["Payload"].read())
    assert {one["id"]: one["aggregate_reward_score"] for one in results} == {
        "hello sweetheart": 0.9,
        "go away curmudgeon": 0.0,
    }


def test_aborting_the_execution_stops_the_job(runs, faults, questions):
    faults.inject(Fault(name="stalls", kind=FaultKind.STALL_JOB))
    arn = runs.start("Whole", "aborted", questions)
    while not runs.jobs("aborted"):
        assert runs.states.describe_execution(executionArn=arn)["status"] == "RUNNING"
        time.sleep(0.05)
    runs.states.stop_execution(executionArn=arn)
    assert runs.ended_job("aborted")["status"] == "Stopped"


def test_a_job_that_stalls_is_stopped_and_says_so(runs, faults, questions):
    faults.inject(Fault(name="stalls", kind=FaultKind.STALL_JOB))
    execution = runs.run("Impatient", "stalled", questions)
    assert (execution["status"], execution["error"]) == ("FAILED", "CustomizationStalled")
    assert "the limit is 1.0" in execution["cause"]
    assert runs.ended_job("stalled")["status"] == "Stopped"


def test_a_job_that_takes_too_long_is_stopped_and_says_so(runs, faults, questions):
    faults.inject(Fault(name="stalls", kind=FaultKind.STALL_JOB))
    execution = runs.run("Brief", "too-long", questions)
    assert (execution["status"], execution["error"]) == ("FAILED", "CustomizationTimedOut")
    assert "the limit is 0.2: it is stopped; raise timeout" in execution["cause"]
    assert runs.ended_job("too-long")["status"] == "Stopped"


def test_the_roles_have_the_rights_that_the_runs_needed_and_no_more(runs, closure_of, given):
    """The last test of the module, for it looks back at all runs."""
    elsewhere = [
        # No candidate is taken away here: the tests of the whole pipeline do that.
        given("CandidateRemovalRemoveRole", "*", "*"),
        given("RunCleanupCleanUpRole", "*", "*"),
        # Nor is a blind test gone on with, or a model live before.
        given("StateMachineRole", "states:RedriveExecution", "*"),
        given("ModelEvaluationAnswerRole", "bedrock:GetCustomModelDeployment", "*"),
    ]
    closure = closure_of(runs.cloud, alike=["Whole", "Impatient", "Brief"])
    assert closure.denied() == set()
    assert closure.surplus(elsewhere) == set()
    assert closure.stale(elsewhere) == []
