"""The pipeline's own template on the embedded AWS, with IAM enforced."""

import csv
import io
import json
import time
from importlib.resources import files
from pathlib import Path

import pytest
from aws_cdk import App, Duration, Stack, aws_ec2 as ec2, aws_kms as kms

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    FineTuning,
    JobNetwork,
    RecordTemplate,
)
from bedrock_customization_local.cloud.server import LocalCloud
from bedrock_customization_runtime import manifest


@pytest.fixture(scope="session")
def questions():
    """A part of the demo's questions: three intents, as CSV."""
    return banking_of(3, 60)


@pytest.fixture(scope="session")
def banking():
    """Return a part of the demo's questions, as CSV, of so many intents."""
    return banking_of


def banking_of(intents, per_intent):
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


@pytest.fixture(scope="module")
def cloud(access_record):
    """The embedded AWS that the pipelines are deployed in."""
    with LocalCloud(access_record=access_record) as started:
        yield started


@pytest.fixture(scope="module")
def deployed(cloud, context, tmp_path_factory):
    """Pipelines in one stack: one promotes what is better, one has no money.

    And one asks too much; its jobs run in a VPC, and its models have a key.
    """
    app = App(context=context, outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = Stack(app, "Stack")
    guarded = {"network": network_of(cloud, stack), "model_key": kms.Key(stack, "ModelKey")}
    for name, limits in {
        "Fair": {},
        "Strict": {"minimum_improvement": 0.999, **guarded},
        "Poor": {"max_cost_usd": 1e-6},
    }.items():
        pipeline = CustomizationPipeline(
            stack,
            name,
            base_model=BaseModel.NOVA_MICRO,
            template=RecordTemplate(
                prompt="{text}", completion="{category}", system="Answer with the intent."
            ),
            method=FineTuning(hyperparameters={"epochCount": 1}),
            stall_limit=Duration.hours(1),
            maximum_tokens=8,
            **limits,
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
    cloud.deploy(Path(app.synth().directory))
    exports = cloud.client("cloudformation").list_exports()["Exports"]
    outputs = {export["Name"]: export["Value"] for export in exports}
    return {
        name: Pipeline(
            cloud,
            {
                key.removeprefix(name): value
                for key, value in outputs.items()
                if key.startswith(name)
            },
        )
        for name in ("Fair", "Strict", "Poor")
    }


def network_of(cloud, stack):
    """Return a network in the VPC that every account begins with."""
    client = cloud.client("ec2")
    subnets = client.describe_subnets()["Subnets"][:2]
    (group, *_) = client.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [subnets[0]["VpcId"]]}]
    )["SecurityGroups"]
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id=subnets[0]["VpcId"],
        availability_zones=[subnet["AvailabilityZone"] for subnet in subnets],
        private_subnet_ids=[subnet["SubnetId"] for subnet in subnets],
    )
    return JobNetwork(
        vpc=vpc,
        security_groups=[
            ec2.SecurityGroup.from_security_group_id(stack, "Group", group["GroupId"])
        ],
    )


@pytest.fixture
def fair(deployed):
    """The pipeline that promotes any improvement beyond chance."""
    return deployed["Fair"]


@pytest.fixture
def strict(deployed):
    """The pipeline that asks for an improvement of 99.9 points."""
    return deployed["Strict"]
