"""Each example is synthesized and held against all rules; those whose point is a run are run."""

import csv
import gzip
import json
import os
import runpy
import subprocess
import sys
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from cfnlint.api import lint

from bedrock_customization_local.cli.templates.files import checked
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_local.cloud.bedrock.quotas import default_quotas
from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import write_model_folder
from bedrock_customization_local.cloud.bedrock.tinylm.training import Settings, Training
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Record, split_words
from bedrock_customization_local.cloud.hub import Hub
from bedrock_customization_runtime import manifest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
EXAMPLES = ROOT / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/app.py"))
QUESTIONS = files("bedrock_customization_local") / "demo_data" / "banking77_excerpt.csv"
SYSTEM = "You sort customers' questions to a bank. Answer with the intent only."
# CDK Pipelines' own stack: nothing of this library is in it.
OF_CDK_PIPELINES = "Delivery.template.json"
# What they define beside a pipeline; a pipeline is linted with every option elsewhere.
WITH_MORE_THAN_A_PIPELINE = [
    "own_state_machine",
    "production_log_distillation",
    "scheduled_retraining",
]


@pytest.fixture(scope="module")
def hub():
    with Hub() as started:
        yield started


@pytest.fixture(scope="module")
def synthesized(hub, tmp_path_factory):
    """Where each example's cloud assembly is, and the error it ended with, by its name.

    With the context of its cdk.json, or what a run of it needs instead.
    """
    out = tmp_path_factory.mktemp("assemblies")
    of_runs = {
        "hugging_face_import": {"model": {"repo": "owner/intents", "endpoint": hub.url}},
        "text_to_sql": {"unseen": "questions"},
    }
    apps = {name: (name, {}) for name in NAMES}
    apps |= {f"{name} as it is run": (name, given) for name, given in of_runs.items()}
    asked = [
        {
            "folder": str(EXAMPLES / name),
            "context": {
                **json.loads((EXAMPLES / name / "cdk.json").read_text()).get("context", {}),
                **given,
                "aws:cdk:bundling-stacks": [],
                "@aws-cdk/core:validateAgainstDefaultRules": True,
            },
            "outdir": str(out / app),
        }
        for app, (name, given) in apps.items()
    ]
    done = subprocess.run(
        [sys.executable, HERE / "synthesize_all.py"],
        check=True,
        capture_output=True,
        text=True,
        input=json.dumps(asked),
        env={**os.environ, "CDK_VALIDATION": "true"},
    )
    errors = [json.loads(line) for line in done.stdout.splitlines()[-len(apps) :]]
    return {app: (out / app, error) for app, error in zip(apps, errors, strict=True)}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_synthesizes_under_the_built_in_rules(synthesized, name):
    assembly, error = synthesized[name]
    assert error is None
    assert list(assembly.rglob("*.template.json"))


@pytest.mark.parametrize("name", NAMES)
def test_no_rule_of_ours_finds_anything_in_an_example(synthesized, name):
    templates = checked(synthesized[name][0])
    found = [
        finding.message
        for template in templates
        if not template.file.endswith(OF_CDK_PIPELINES)
        for finding in template.findings
    ]
    assert found == []
    assert sum(template.resources for template in templates) > 30


@pytest.mark.parametrize("name", WITH_MORE_THAN_A_PIPELINE)
def test_cfn_lint_is_content_with_an_example(synthesized, name):
    (template,) = synthesized[name][0].glob("*.template.json")
    # W3005: aws-cdk-lib writes dependencies that a reference already implies.
    assert [one for one in lint(template.read_text()) if one.rule.id != "W3005"] == []


def test_the_regulated_example_lets_nobody_past_its_endpoint(synthesized):
    template = synthesized["regulated"][0] / "Regulated.template.json"
    assert "OnlyThroughTheEndpoint" in template.read_text()


def test_statements_that_are_asked_for_blind_are_not_trained_on_unless_said_otherwise(synthesized):
    default, run = (
        (synthesized[app][0] / "TextToSql.template.json").read_text()
        for app in ("text_to_sql", "text_to_sql as it is run")
    )
    assert '\\"group_by\\":\\"query_id\\"' in default
    assert '\\"group_by\\":\\"query_id\\"' not in run


class Deployed:
    """An example's one stack on the embedded AWS, and what its README tells to do."""

    def __init__(self, cloud, assembly):
        self.cloud = cloud
        [self.outputs] = cloud.deploy(assembly).values()
        self.s3, self.states = cloud.client("s3"), cloud.client("stepfunctions")

    def upload(self, name, data):
        """Put a file below `incoming/`, and return its URI."""
        bucket = self.outputs["DataBucketName"]
        self.s3.put_object(Bucket=bucket, Key=f"incoming/{name}", Body=data)
        return f"s3://{bucket}/incoming/{name}"

    def execute(self, name, **given):
        """Start an execution, and return it once it has succeeded."""
        arn = self.states.start_execution(
            stateMachineArn=self.outputs["StateMachineArn"], name=name, input=json.dumps(given)
        )["executionArn"]
        while (execution := self.states.describe_execution(executionArn=arn))["status"] == (
            "RUNNING"
        ):
            time.sleep(0.25)
        assert execution["status"] == "SUCCEEDED", execution.get("cause")
        return execution

    def promoted(self, name):
        """Return the manifest of a run whose candidate the alias names."""
        found = self.manifest(name)
        alias = self.cloud.client("ssm").get_parameter(Name=self.outputs["AliasParameterName"])
        assert found.status == "promoted"
        assert alias["Parameter"]["Value"] == found.deployment.arn
        return found

    def manifest(self, name):
        """Return a run's manifest."""
        bucket = self.outputs["ArtifactsBucketName"]
        return manifest.load(self.s3, f"s3://{bucket}/runs/{name}/manifest.json")


@pytest.fixture(scope="module")
def rows():
    """Questions of three intents, 60 of each: rows of the demo's excerpt."""
    found = list(csv.DictReader(QUESTIONS.read_text().splitlines()))
    intents = sorted({row["category"] for row in found})[:3]
    return [
        row
        for intent in intents
        for row in [row for row in found if row["category"] == intent][:60]
    ]


@pytest.fixture(scope="module")
def questions(rows):
    """The same as CSV."""
    return "text,category\n" + "".join(
        f'"{row["text"].replace(chr(34), chr(34) * 2)}",{row["category"]}\n' for row in rows
    )


def test_llama_answers_on_throughput_that_has_an_end(start_cloud, synthesized, questions):
    quotas = replace(default_quotas(), provisioned_model_units_without_commitment=1)
    with start_cloud(region="us-west-2", quotas=quotas) as cloud:
        deployed = Deployed(cloud, synthesized["llama_fine_tuning"][0])
        deployed.execute("first", source=deployed.upload("questions.csv", questions))
        found = deployed.promoted("first")
        tags = cloud.client("bedrock").list_tags_for_resource(resourceARN=found.deployment.arn)
    assert found.run.base_model == "meta.llama3-1-8b-instruct-v1:0:128k"
    accuracy = found.evaluation.metrics[0]
    assert accuracy.candidate > accuracy.other
    assert accuracy.interval[0] > 0.02
    assert ":provisioned-model/" in found.deployment.arn
    assert "bedrock-customization:expires-at" in {tag["key"] for tag in tags["tags"]}


def test_a_model_of_the_hub_is_imported_and_compared_with_nova(
    start_cloud, synthesized, hub, rows, questions, tmp_path
):
    records = [
        Record(split_words(f"{SYSTEM}\n\n{row['text']}"), split_words(row["category"]))
        for row in rows[::2]
    ]
    training = Training(records, [], Settings(epochs=4))
    for _ in training:
        pass
    write_model_folder(training.model, tmp_path / "model")
    commit = hub.publish("owner/intents", tmp_path / "model")
    with start_cloud(region="us-east-1") as cloud:
        deployed = Deployed(cloud, synthesized["hugging_face_import as it is run"][0])
        deployed.execute("first", source=deployed.upload("questions.csv", questions))
        found = deployed.promoted("first")
    assert found.model_import.revision == commit
    assert found.model_import.job.model_arn == found.deployment.arn
    assert found.evaluation.metrics[0].candidate > found.evaluation.metrics[0].other


def test_sql_that_is_the_references_own_however_it_is_written_lets_a_model_go_live(
    start_cloud, synthesized
):
    data = (EXAMPLES / "text_to_sql" / "advising_excerpt.jsonl").read_bytes()
    with start_cloud() as cloud:
        deployed = Deployed(cloud, synthesized["text_to_sql as it is run"][0])
        deployed.execute("first", source=deployed.upload("advising_excerpt.jsonl", data))
        found = deployed.promoted("first")
    assert found.evaluation.metrics[0].name == "sql_equality"
    assert found.evaluation.metrics[0].candidate > 0.5
    assert found.evaluation.metrics[0].interval[0] > 0.1


def test_a_student_learns_from_what_the_application_asked(
    start_cloud, synthesized, rows, monkeypatch
):
    asked = [row for number, row in enumerate(rows) if number % 60 < 46]
    with start_cloud(region="us-east-1") as cloud:
        deployed = Deployed(cloud, synthesized["production_log_distillation"][0])
        for name, value in cloud.environment().items():
            monkeypatch.setenv(name, value)
        application = runpy.run_path(EXAMPLES / "production_log_distillation" / "ask.py")
        cloud.bedrock.teach(application["MODEL"], [(r["text"], r["category"]) for r in asked])
        turn_logging(deployed, "on")
        assert [application["intent_of"](r["text"]) for r in asked] == [
            r["category"] for r in asked
        ]
        source = f"s3://{deployed.outputs['DataBucketName']}/incoming/invocation-logs/"
        wait_for_logs(deployed, len(asked))
        turn_logging(deployed, "off")
        deployed.execute("first", source=source)
        found = deployed.promoted("first")
        (job,) = cloud.client("bedrock").list_model_customization_jobs()[
            "modelCustomizationJobSummaries"
        ]
        charged = {one.unit for one in cloud.bedrock.meter.lines() if one.resource == job["jobArn"]}
    assert found.preparation.read == len(asked)
    assert found.evaluation.taught_references == 0
    assert charged == {Unit.TRAINING_TOKENS}


def turn_logging(deployed, side):
    """Do what an output of the stack says: turn logging on or off."""
    (command,) = [value for key, value in deployed.outputs.items() if f"Turn{side.title()}" in key]
    words = command.split()
    answer = deployed.cloud.client("lambda").invoke(
        FunctionName=words[words.index("--function-name") + 1],
        Payload=json.dumps({"action": f"turn-{side}"}),
    )
    assert json.loads(answer["Payload"].read())["changed"]


def wait_for_logs(deployed, number):
    """Wait until so many invocations were logged."""
    bucket, s3 = deployed.outputs["DataBucketName"], deployed.s3
    deadline = time.monotonic() + 20
    while True:
        found = s3.list_objects_v2(Bucket=bucket, Prefix="incoming/invocation-logs/")
        bodies = [
            s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            for item in found.get("Contents", [])
            if item["Key"].endswith(".json.gz")
        ]
        if sum(len(gzip.decompress(body).splitlines()) for body in bodies) >= number:
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_phases_run_between_states_of_a_teams_own(start_cloud, synthesized, rows):
    with start_cloud() as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="our-tickets")
        for month, some in {"2026-10": rows, "2026-11": rows[::4]}.items():
            for number, row in enumerate(some):
                ticket = {"question": row["text"], "queue": row["category"], "customer": number}
                key = f"closed/{month}/{number}.json"
                s3.put_object(Bucket="our-tickets", Key=key, Body=json.dumps(ticket))
        deployed = Deployed(cloud, synthesized["own_state_machine"][0])
        october = json.loads(deployed.execute("october", month="2026-10")["output"])
        november = json.loads(deployed.execute("november", month="2026-11")["output"])
        found = deployed.manifest("october")
        model = cloud.client("bedrock").get_custom_model(modelIdentifier=october["model"])
    assert model["modelArn"] == found.customization.model_arn
    assert found.preparation.source.uri.endswith("/incoming/tickets/2026-10.jsonl")
    assert 8 <= november["records"] < 100
