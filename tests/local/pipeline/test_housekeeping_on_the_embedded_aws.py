"""A pipeline with housekeeping, deployed: what its function and the commands take away, as roles.

No model is trained: throughput is bought for a base model, and tagged as a run's.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aws_cdk import App, Duration, Stack
from typer.testing import CliRunner

from bedrock_customization import BaseModel, CustomizationPipeline, Housekeeping
from bedrock_customization_local.cli import app as command_line
from bedrock_customization_local.cloud.bedrock.quotas import default_quotas
from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.contract import EXPIRY_TAG, PIPELINE_TAG, RUN_TAG
from bedrock_customization_runtime.promotion import alias

pytestmark = pytest.mark.slow
BASE = "amazon.nova-lite-v1:0:300k"
LONG_AGO = datetime.now(UTC) - timedelta(days=100)


class House:
    """A deployed pipeline, and what its runs may have left."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.bedrock, self.s3 = cloud.client("bedrock"), cloud.client("s3")
        (stack,) = cloud.client("cloudformation").describe_stacks(StackName="House")["Stacks"]
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        self.name = self.outputs["StateMachineArn"].rpartition(":")[2]
        self.artifacts = self.outputs["ArtifactsBucketName"]

    def begin(self, run):
        """Leave the manifest of a run whose execution Step Functions has forgotten."""
        machine = self.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
        section = manifest.RunSection(
            id=run,
            execution_arn=f"{machine}:{run}",
            source="s3://data/rows",
            base_model=BASE,
            inference_model="amazon.nova-micro-v1:0",
            catalog_version="1",
            library_version="1",
            started=LONG_AGO.isoformat(),
            embedded=True,
        )
        manifest.begin(self.s3, f"s3://{self.artifacts}/runs/{run}/manifest.json", section)

    def buy(self, name, *, run="killed", pipeline=None, **tags):
        named = {PIPELINE_TAG: pipeline or self.name, RUN_TAG: run, **tags}
        arn = self.bedrock.create_provisioned_model_throughput(
            modelUnits=1,
            provisionedModelName=name,
            modelId=BASE,
            tags=[{"key": key, "value": value} for key, value in named.items()],
        )["provisionedModelArn"]
        while self.bedrock.get_provisioned_model_throughput(provisionedModelId=arn)["status"] == (
            "Creating"
        ):
            pass
        return arn

    def promote(self, run, arn):
        parameter = self.outputs["AliasParameterName"]
        alias.promote(
            self.s3,
            self.cloud.client("ssm"),
            record=alias.record_uri(self.artifacts, parameter),
            alias_parameter=parameter,
            run=run,
            manifest_uri=f"s3://{self.artifacts}/runs/{run}/manifest.json",
            arn=arn,
            model_arn=None,
            execution_arn=f"execution:{run}",
        )

    def billing(self):
        return {line.resource for line in self.cloud.bedrock.meter.running()}

    def tick(self):
        """Invoke the function as the rule would."""
        events = self.cloud.client("events")
        (rule,) = [one for one in events.list_rules()["Rules"] if one.get("ScheduleExpression")]
        assert rule["ScheduleExpression"] == "rate(30 minutes)"
        (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        answer = self.cloud.client("lambda").invoke(
            FunctionName=target["Arn"], Payload=target["Input"]
        )
        body = json.load(answer["Payload"])
        assert "FunctionError" not in answer, body
        return body


@pytest.fixture(scope="module")
def house(context, start_cloud, deploy_app, tmp_path_factory):
    quotas = replace(default_quotas(), provisioned_model_units_without_commitment=20)
    with start_cloud(quotas=quotas, time_scale=0.0002) as cloud:
        app = App(context=context, outdir=str(tmp_path_factory.mktemp("assembly")))
        stack = Stack(app, "House")
        pipeline = CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO)
        pipeline.define_outputs()
        Housekeeping(
            stack,
            "Housekeeping",
            pipelines=[pipeline],
            model_retention=Duration.days(30),
            data_retention=Duration.days(30),
        )
        deploy_app(cloud, app)
        house = House(cloud)
        for run in ("killed", "live"):
            house.begin(run)
        yield house


@pytest.fixture
def run_command(house, monkeypatch):
    """Run a command with this cloud as its AWS; returns exit code and output."""
    for name, value in {**house.cloud.environment(), "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments, answer=None):
        done = CliRunner().invoke(command_line, arguments, input=answer)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    return run


def test_what_a_killed_run_bought_goes_at_the_next_round_and_nothing_else(house):
    live, orphan = house.buy("live", run="live"), house.buy("orphan")
    house.promote("live", live)
    over = house.buy("over", run="killed", **{EXPIRY_TAG: LONG_AGO.isoformat()})
    theirs = house.buy("theirs", pipeline="other")
    unknown = house.buy("unknown", run="never-heard-of")
    data, blind = house.outputs["DataBucketName"], house.outputs["BlindBucketName"]
    for run in ("killed", "live"):
        house.s3.put_object(Bucket=data, Key=f"runs/{run}/prepared/train.jsonl", Body=b"x")
        house.s3.put_object(Bucket=blind, Key=f"runs/{run}/test.jsonl", Body=b"x")
        house.s3.put_object(Bucket=data, Key=f"scratch/{run}/import/model/w", Body=b"x")
    house.s3.create_multipart_upload(Bucket=data, Key="runs/killed/prepared/more.jsonl")
    answer = house.tick()
    assert (answer["removed"], answer["failed"]) == (7, 0)
    assert house.billing() == {live, theirs, unknown}
    assert orphan != over
    report = json.loads(_read(house, answer["report"]))
    assert {finding["kind"] for finding in report["findings"]} == {
        *("orphaned-throughput", "expired-throughput", "expired-data"),
        *("staged-model", "incomplete-upload"),
    }
    assert report["unseen"] == []
    left = house.s3.list_objects_v2(Bucket=data)["Contents"]
    assert [one["Key"] for one in left] == ["runs/live/prepared/train.jsonl"]
    again = house.tick()
    assert again["found"] == 0, _read(house, again["report"])
    for arn in (theirs, unknown):
        house.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)


def test_the_commands_find_what_the_function_does_and_ask(house, run_command):
    orphan = house.buy("orphan-again")
    code, output = run_command("status", "--stack", "House")
    assert code == 0
    assert orphan.rpartition(":")[2] in output
    assert "orphaned-throughput" in output
    assert "an hour" in output
    code, _ = run_command("cleanup", "--stack", "House", answer="n\n")
    assert code == 0
    code, output = run_command("cleanup", "--format", "json")
    assert [one["outcome"] for one in json.loads(output)["findings"]] == ["found"]
    assert orphan in house.billing()
    code, output = run_command("cleanup", "--yes")
    assert (code, orphan in house.billing()) == (0, False)
    assert f"removed  {orphan}" in output
    found = json.loads(run_command("status", "--format", "json")[1])
    (live,) = found["possessions"]
    assert (live["use"], found["findings"]) == ("live", [])
    assert found["usd_per_hour"] == live["usd_per_hour"] > 0


def test_the_function_was_denied_nothing_and_has_no_right_that_nobody_explains(house, closure_of):
    closure = closure_of(house.cloud)
    assert closure.denied() == set()
    mine = {one for one in closure.surplus() if one.role == "HousekeepingKeepHouseRole"}
    assert not mine, "\n".join(f"{one.action} {one.resource}" for one in sorted(mine))


def test_a_retention_that_would_take_what_a_redrive_needs_is_refused(run_command):
    code, output = run_command("status", "--stack", "House", "--data-retention", "3")
    assert code == 2
    assert "at least 15 days" in output
    code, output = run_command("status", "--stack", "House", "--artifacts-retention", "30")
    assert code == 2


def test_once_the_stack_is_destroyed_nothing_bills_and_what_stayed_is_listed(house, run_command):
    (live,) = house.billing()
    formation = house.cloud.client("cloudformation")
    stack_id = formation.describe_stacks(StackName="House")["Stacks"][0]["StackId"]
    formation.delete_stack(StackName="House")
    found = json.loads(run_command("status", "--stack", stack_id, "--format", "json")[1])
    assert found["destroyed"] is not None
    assert [(one["kind"], one["resource"]) for one in found["findings"]] == [
        ("retired-throughput", live)
    ]
    code, output = run_command("cleanup", "--stack", "House", "--yes")
    assert code == 0, output
    assert house.billing() == set()
    found = json.loads(run_command("cleanup", "--stack", "House", "--format", "json")[1])
    assert (found["findings"], found["possessions"]) == ([], [])
    # Nothing is named that does not answer.
    ssm = house.cloud.client("ssm")
    assert ssm.get_parameters(Names=[house.outputs["AliasParameterName"]])["Parameters"] == []
    kept = {one["name"] for one in found["retained"]}
    buckets = {one["Name"] for one in house.s3.list_buckets()["Buckets"]}
    assets = {name for name in buckets if name.startswith("cdk-")}
    assert {name for name in kept if name in buckets} == buckets - assets
    assert {house.outputs[f"{name}BucketName"] for name in ("Data", "Blind", "Artifacts")} <= kept
    types = {one["type"] for one in found["retained"]}
    assert {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Logs::LogGroup"} <= types


def test_a_stack_that_never_was_is_said_to_be_missing(run_command):
    code, output = run_command("status", "--stack", "Nowhere")
    assert code == 1
    assert "there is no stack Nowhere" in output


def _read(house, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return house.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
