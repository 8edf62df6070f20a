"""The pipeline's own template on the embedded AWS, with IAM enforced."""

import csv
import io
import json
import time
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest
from aws_cdk import App, Duration, Stack

from bedrock_customization import BaseModel, CustomizationPipeline, FineTuning, RecordTemplate
from bedrock_customization_local.cloud.server import LocalCloud
from bedrock_customization_runtime import manifest


@pytest.fixture(scope="session")
def questions():
    """A part of the demo's questions: three intents, as CSV."""
    return banking(3, 60)


@pytest.fixture(scope="session")
def make_questions():
    """Return a part of the demo's questions, by number of intents and of questions of each."""
    return banking


def banking(intents=3, per_intent=60):
    """Return a part of the demo's questions as CSV."""
    excerpt = files("bedrock_customization_local") / "demo_data" / "banking77_excerpt.csv"
    rows = list(csv.DictReader(io.StringIO(excerpt.read_text())))
    chosen = sorted({row["category"] for row in rows})[:intents]
    out = io.StringIO()
    writer = csv.DictWriter(out, ["text", "category"])
    writer.writeheader()
    for intent in chosen:
        writer.writerows([row for row in rows if row["category"] == intent][:per_intent])
    return out.getvalue()


class Pipeline:
    """A deployed pipeline and what people do with it."""

    def __init__(self, cloud, outputs):
        self.cloud = cloud
        self.outputs = outputs
        self.s3 = cloud.client("s3")
        self.states = cloud.client("stepfunctions")

    def start(self, name, data, **given):
        """Upload data and start a run; what is given besides goes into its input."""
        bucket = self.outputs["Data"]
        self.s3.put_object(Bucket=bucket, Key=f"incoming/{name}.csv", Body=data.encode())
        return self.states.start_execution(
            stateMachineArn=self.outputs["StateMachine"],
            name=name,
            input=json.dumps({"source": f"s3://{bucket}/incoming/{name}.csv", **given}),
        )["executionArn"]

    def run(self, name, data, **given):
        """Upload data, run the pipeline and return how the execution ended."""
        return self.wait(self.start(name, data, **given))

    def wait(self, arn, *, seconds=120):
        """Return an execution once it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            execution = self.states.describe_execution(executionArn=arn)
            if execution["status"] != "RUNNING":
                return execution
            time.sleep(0.1)
        raise AssertionError(f"{arn} still runs after {seconds} s")

    def manifest(self, name):
        """Return a run's manifest."""
        return manifest.load(self.s3, f"s3://{self.outputs['Artifacts']}/runs/{name}/manifest.json")

    def alias(self):
        """Return what consumers would invoke, None before the first promotion."""
        ssm = self.cloud.client("ssm")
        try:
            return ssm.get_parameter(Name=self.outputs["Alias"])["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound:
            return None

    def deployments(self):
        """Return the ARNs of what is deployed."""
        found = self.cloud.client("bedrock").list_custom_model_deployments()
        return {item["customModelDeploymentArn"] for item in found["modelDeploymentSummaries"]}


@contextmanager
def deployed_pipelines(context, folder, arguments, region="us-east-1"):
    """Deploy pipelines in one stack, and yield them by name.

    Args:
        context: Of the app.
        folder: For the assembly.
        arguments: Of each pipeline, by its name.
        region: Of the embedded AWS.
    """
    app = App(context=context, outdir=str(folder))
    stack = Stack(app, "Stack")
    for name, given in arguments.items():
        pipeline = CustomizationPipeline(
            stack,
            name,
            template=RecordTemplate(
                prompt="{text}", completion="{category}", system="Answer with the intent."
            ),
            stall_limit=Duration.hours(1),
            maximum_tokens=8,
            **given,
        )
        for key, value in {
            "Data": pipeline.storage.data_bucket.bucket_name,
            "Blind": pipeline.storage.blind_bucket.bucket_name,
            "BlindKey": pipeline.storage.blind_key.key_arn,
            "Artifacts": pipeline.storage.artifacts_bucket.bucket_name,
            "StateMachine": pipeline.state_machine.state_machine_arn,
            "Alias": pipeline.alias.parameter_name,
            "ServiceRole": pipeline.customization.service_role.role.role_arn,
        }.items():
            stack.export_value(value, name=f"{name}{key}")
    assembly = Path(app.synth().directory)
    with LocalCloud(region=region) as cloud:
        cloud.deploy(assembly)
        exports = cloud.client("cloudformation").list_exports()["Exports"]
        outputs = {export["Name"]: export["Value"] for export in exports}
        yield {
            name: Pipeline(
                cloud,
                {
                    key.removeprefix(name): value
                    for key, value in outputs.items()
                    if key.startswith(name)
                },
            )
            for name in arguments
        }


@pytest.fixture(scope="session")
def deploy():
    """Deploy pipelines; a context manager."""
    return deployed_pipelines


@pytest.fixture(scope="module")
def deployed(context, deploy, tmp_path_factory):
    """Pipelines in one stack: one promotes what is better, one asks too much, one has no money."""
    arguments = {
        name: {
            "base_model": BaseModel.NOVA_MICRO,
            "method": FineTuning(hyperparameters={"epochCount": 1}),
            "minimum_improvement": minimum_improvement,
            "max_cost_usd": max_cost_usd,
        }
        for name, minimum_improvement, max_cost_usd in (
            ("Fair", 0.0, None),
            ("Strict", 0.999, None),
            ("Poor", 0.0, 1e-6),
        )
    }
    with deploy(context, tmp_path_factory.mktemp("assembly"), arguments) as pipelines:
        yield pipelines


@pytest.fixture
def fair(deployed):
    """The pipeline that promotes any improvement beyond chance."""
    return deployed["Fair"]


@pytest.fixture
def strict(deployed):
    """The pipeline that asks for an improvement of 99.9 points."""
    return deployed["Strict"]
