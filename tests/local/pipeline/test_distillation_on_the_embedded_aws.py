"""Distillation from prompts and from logged invocations, and a custom model customized further."""

import csv
import gzip
import io
import json
import re
import time

import pytest
from aws_cdk import App, Stack, aws_stepfunctions as sfn

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStorage,
    DataPreparation,
    Distillation,
    FineTuning,
    InvocationLogging,
    InvocationLogs,
    ModelCustomization,
    RequestMetadata,
    RunStart,
)
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_runtime import manifest

pytestmark = pytest.mark.slow

TEACHER = "amazon.nova-pro-v1:0"
STUDENT = "amazon.nova-micro-v1:0"
SYSTEM = "Answer with the intent."
PER_INTENT = 46
LOGS = InvocationLogs(
    request_metadata=RequestMetadata.equals("project", "bank"), use_prompt_response=True
)
METHODS = {
    "Prompts": Distillation(teacher=TEACHER),
    "Logs": Distillation(teacher=TEACHER, logs=LOGS),
}


class Account:
    """An account with the pipelines, and what people do in it."""

    def __init__(self, cloud, exports):
        self.cloud = cloud
        self.exports = exports
        self.s3 = cloud.client("s3")
        self.bedrock = cloud.client("bedrock")
        self.states = cloud.client("stepfunctions")
        self.runtime = cloud.client("bedrock-runtime")

    def run(self, machine, name, source):
        """Start a run, and return how its execution ended."""
        arn = self.states.start_execution(
            stateMachineArn=self.exports[machine], name=name, input=json.dumps({"source": source})
        )["executionArn"]
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            execution = self.states.describe_execution(executionArn=arn)
            if execution["status"] != "RUNNING":
                return execution
            time.sleep(0.2)
        raise AssertionError(f"{arn} still runs")

    def manifest(self, name):
        """Return a run's manifest."""
        return manifest.load(self.s3, f"s3://{self.exports['Artifacts']}/runs/{name}/manifest.json")

    def jobs(self, name):
        """Return a run's jobs."""
        found = self.bedrock.list_model_customization_jobs(nameContains=f"{name}-")
        return found["modelCustomizationJobSummaries"]

    def charged(self, resource):
        """Return what a model or job was charged for."""
        return {line.unit for line in self.cloud.bedrock.meter.lines() if line.resource == resource}

    def configure_logging(self, output):
        """Invoke what an output of the stack says, and return what it printed."""
        command = self.exports[output]
        found = self.cloud.client("lambda").invoke(
            FunctionName=re.search(r"--function-name (\S+)", command)[1],
            Payload=re.search(r"--payload '(.*?)'", command)[1],
        )
        return json.loads(found["Payload"].read())

    def ask(self, model, question, *more, **request):
        """Invoke a model as an application does."""
        messages = [
            {"role": "assistant" if number % 2 else "user", "content": [{"text": text}]}
            for number, text in enumerate((question, *more))
        ]
        self.runtime.converse(
            modelId=model, system=[{"text": SYSTEM}], messages=messages, **request
        )

    def logged(self):
        """Return the logs that were delivered by now, each a line."""
        bucket = self.exports["Data"]
        prefix = self.exports["Source"].removeprefix(f"s3://{bucket}/")
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [
            line
            for page in pages
            for item in page.get("Contents", [])
            for line in gzip.decompress(
                self.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            ).splitlines()
        ]


@pytest.fixture(scope="module")
def account(context, tmp_path_factory, start_cloud, deploy_app):
    """Two pipelines and the logging on one storage."""
    app = App(context=context, outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = Stack(app, "Distillations")
    storage = CustomizationStorage(stack, "Storage")
    for name, method in METHODS.items():
        pipeline = CustomizationPipeline(
            stack,
            name,
            base_model=BaseModel.NOVA_MICRO,
            method=method,
            storage=storage,
            max_tokens=8,
        )
        stack.export_value(pipeline.state_machine.state_machine_arn, name=name)
    logging = InvocationLogging(stack, "Logging", storage=storage)
    for output in ("TurnOn", "TurnOff"):
        stack.export_value(logging.node.find_child(output).value, name=output)
    stack.export_value(logging.source, name="Source")
    stack.export_value(storage.data_bucket.bucket_name, name="Data")
    stack.export_value(storage.artifacts_bucket.bucket_name, name="Artifacts")
    with start_cloud() as cloud:
        yield Account(cloud, deploy_app(cloud, app))


@pytest.fixture(scope="module")
def intents(questions):
    """Questions and their intents, as the teacher knows them."""
    rows = list(csv.DictReader(io.StringIO(questions)))
    return [
        (row["text"], row["category"])
        for intent in sorted({row["category"] for row in rows})
        for row in [row for row in rows if row["category"] == intent][:PER_INTENT]
    ]


@pytest.fixture(scope="module")
def taught(account, intents):
    """The account, with a teacher that knows the answers."""
    account.cloud.bedrock.teach(TEACHER, intents)
    return account


@pytest.fixture(scope="module")
def billed_distillation(taught, intents, charges, backwards):
    """The manifest of a run from prompts, two in five with golden answers, and its bill."""
    body = "".join(
        json.dumps(
            {
                "system": [{"text": SYSTEM}],
                "messages": [
                    {"role": role, "content": [{"text": text}]}
                    for role, text in (("user", question), ("assistant", answer))[: 1 + golden]
                ],
            }
        )
        + "\n"
        for number, (question, answer) in enumerate(intents)
        for golden in [number % 5 < 2]
    )
    bedrock = taught.cloud.bedrock
    # Untaught, the base model would say noise.
    bedrock.teach(STUDENT, [(question, backwards(answer)) for question, answer in intents])
    before = charges(bedrock.meter)
    key = "incoming/prompts.jsonl"
    taught.s3.put_object(Bucket=taught.exports["Data"], Key=key, Body=body.encode())
    execution = taught.run("Prompts", "prompts", f"s3://{taught.exports['Data']}/{key}")
    bedrock.teach(STUDENT, [])
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return taught.manifest("prompts"), charges(bedrock.meter) - before


@pytest.fixture(scope="module")
def distilled(billed_distillation):
    """The manifest of a run from prompts."""
    return billed_distillation[0]


@pytest.fixture(scope="module")
def logged(taught, intents):
    """Applications' invocations, logged: of the teacher and of others, for us and for others."""
    assert taught.configure_logging("TurnOn")["changed"]
    ours = {"requestMetadata": {"project": "bank"}}
    for question, _ in intents:
        taught.ask(TEACHER, question, **ours)
    for question, _ in intents[:9]:
        taught.ask(TEACHER, f"And {question}", requestMetadata={"project": "shop"})
        taught.ask("amazon.nova-micro-v1:0", f"So {question}", **ours)
    for question, answer in intents[:5]:
        taught.ask(TEACHER, question, answer, "Why?", **ours)
    deadline = time.monotonic() + 20
    while len(taught.logged()) < len(intents) + 23:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert taught.configure_logging("TurnOff") == {"logs": [], "changed": True}
    return taught


def test_a_student_of_prompts_is_measured_by_its_teachers_answers(taught, distilled):
    assert distilled.status == "promoted"
    assert distilled.customization.customization_type == "DISTILLATION"
    assert distilled.preparation.record_format == "distillation_prompts"
    assert 0 < distilled.evaluation.taught_references < distilled.preparation.test.records
    assert distilled.evaluation.metrics[0].tuned > distilled.evaluation.metrics[0].baseline
    # The teacher is paid for the training prompts by the job, for the blind ones by us.
    (job,) = taught.jobs("prompts")
    assert {Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS, Unit.TRAINING_TOKENS} <= taught.charged(
        job["jobArn"]
    )
    assert Unit.OUTPUT_TOKENS in taught.charged(TEACHER)


def test_the_estimate_of_a_distillation_is_within_a_tenth_of_what_is_charged(
    billed_distillation, compare_with_bill
):
    found, charged = billed_distillation
    job, tuned = found.customization.job_arn, found.deployment.arn
    compare_with_bill(
        found.estimate,
        charged,
        {
            "teacher input": (job, Unit.INPUT_TOKENS),
            "teacher output": (job, Unit.OUTPUT_TOKENS),
            "training": (job, Unit.TRAINING_TOKENS),
            "base model input": (STUDENT, Unit.INPUT_TOKENS),
            "base model output": (STUDENT, Unit.OUTPUT_TOKENS),
            "few-shot model input": (STUDENT, Unit.INPUT_TOKENS),
            "few-shot model output": (STUDENT, Unit.OUTPUT_TOKENS),
            "tuned model input": (tuned, Unit.INPUT_TOKENS),
            "tuned model output": (tuned, Unit.OUTPUT_TOKENS),
            "teacher blind input": (TEACHER, Unit.INPUT_TOKENS),
            "teacher blind output": (TEACHER, Unit.OUTPUT_TOKENS),
        },
    )
    assert [check.name for check in found.preflight] == [
        "teacher",
        "service role",
        "custom models",
    ]


def test_a_student_learns_from_the_very_logs_of_its_teacher(logged, intents):
    execution = logged.run("Logs", "from-logs", logged.exports["Source"])
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    found = logged.manifest("from-logs")
    assert found.status == "promoted"
    counts = {one.rule: one.count for one in found.preparation.findings}
    assert counts["log-filtered"] == 9
    assert counts["log-other-model"] == 9
    assert counts["log-multi-turn"] == 5
    assert found.preparation.omitted == 23
    assert found.preparation.read == len(intents) + 23
    assert found.preparation.source.uri == logged.exports["Source"]
    assert found.evaluation.taught_references == 0
    # Logged answers cost no token of the teacher's.
    (job,) = logged.jobs("from-logs")
    assert logged.charged(job["jobArn"]) == {Unit.TRAINING_TOKENS}


def test_too_few_usable_logs_end_the_run_before_anything_is_paid(logged):
    bill = [line.resource for line in logged.cloud.bedrock.meter.lines()]
    body = gzip.compress(b"\n".join(logged.logged()[:80]))
    bucket = logged.exports["Data"]
    logged.s3.put_object(Bucket=bucket, Key="incoming/few/a.json.gz", Body=body)
    execution = logged.run("Logs", "few", f"s3://{bucket}/incoming/few/")
    assert (execution["status"], execution["error"]) == ("FAILED", "DatasetRejected")
    assert "needs at least 100 for training and 1 for the blind set" in execution["cause"]
    assert logged.manifest("few").refusal.read == 80
    assert [line.resource for line in logged.cloud.bedrock.meter.lines()] == bill


def test_a_custom_model_is_customized_further(
    taught, deploy_app, distilled, context, tmp_path_factory
):
    parent = distilled.customization.model_arn
    app = App(context=context, outdir=str(tmp_path_factory.mktemp("further")))
    stack = Stack(app, "Further")
    settings = {
        "storage": CustomizationStorage(stack, "Storage"),
        "base_model": BaseModel.NOVA_MICRO.customized(parent),
        "method": FineTuning(hyperparameters={"epochCount": 1}),
    }
    phases = [
        RunStart(stack, "RunStart", **settings),
        DataPreparation(stack, "DataPreparation", **settings),
        ModelCustomization(stack, "ModelCustomization", **settings),
    ]
    machine = sfn.StateMachine(
        stack,
        "StateMachine",
        query_language=sfn.QueryLanguage.JSONATA,
        definition_body=sfn.DefinitionBody.from_chainable(
            sfn.Chain.start(phases[0])
            .next(phases[1])
            .next(phases[2])
            .next(sfn.Succeed.jsonata(stack, "Done"))
        ),
    )
    stack.export_value(machine.state_machine_arn, name="Further")
    stack.export_value(settings["storage"].data_bucket.bucket_name, name="FurtherData")
    stack.export_value(settings["storage"].artifacts_bucket.bucket_name, name="FurtherArtifacts")
    taught.exports |= deploy_app(taught.cloud, app)
    lines = [{"prompt": f"word {chr(97 + n) * 5} {n}", "completion": "card"} for n in range(26)]
    body = "".join(f"{json.dumps(line)}\n" for line in lines)
    bucket = taught.exports["FurtherData"]
    taught.s3.put_object(Bucket=bucket, Key="incoming/more.jsonl", Body=body.encode())
    execution = taught.run("Further", "further", f"s3://{bucket}/incoming/more.jsonl")
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    (job,) = taught.jobs("further")
    child = taught.bedrock.get_custom_model(modelIdentifier=job["customModelArn"])
    assert child["baseModelArn"] == parent
    uri = f"s3://{taught.exports['FurtherArtifacts']}/runs/further/manifest.json"
    assert manifest.load(taught.s3, uri).run.parent_model == parent


def test_the_roles_have_the_rights_that_the_runs_needed_and_no_more(account, closure_of, given):
    """The last test of the module, for it looks back at all runs."""
    elsewhere = [
        # The tests of the whole pipeline take candidates away and stop jobs.
        given("CandidateRemovalRemoveRole", "*", "*"),
        given("RunCleanupCleanUpRole", "*", "*"),
        given("*", "bedrock:StopModelCustomizationJob", "*"),
        # Those of the preparation cut sources into shards.
        given("DataPreparationPrepareRole", "s3:*Object", "StorageData/scratch/*"),
        # Nor is a blind test gone on with, or a model live before.
        given("StateMachineRole", "states:RedriveExecution", "*"),
        given("ModelEvaluationAnswerRole", "bedrock:GetCustomModelDeployment", "*"),
    ]
    closure = closure_of(account.cloud, alike=["Prompts", "Logs"])
    assert closure.denied() == set()
    assert closure.surplus(elsewhere) == set()
    assert closure.stale(elsewhere) == []
