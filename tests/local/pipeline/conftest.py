"""The pipeline's own template on the embedded AWS, with IAM enforced."""

import csv
import io
import json
import time
from contextlib import contextmanager
from importlib.resources import files

import pytest
from aws_cdk import App, CfnOutput, Duration, Stack, aws_ec2 as ec2, aws_kms as kms

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStorage,
    FineTuning,
    Gate,
    JobNetwork,
    MetricName,
    Monitoring,
    RecordTemplate,
    UseCase,
)
from bedrock_customization_local.cloud.bedrock.meter import Unit
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


@pytest.fixture(scope="session")
def backwards():
    """Return an intent as a model says it that knows the words but not the answer."""
    return lambda intent: "_".join(reversed(intent.split("_")))


@pytest.fixture(scope="session")
def charges():
    """Return what a meter counted by now, by resource and unit: tokens and their US dollars."""

    def counted(meter):
        return Charges({(one.resource, one.unit): (one.quantity, one.usd) for one in meter.lines()})

    return counted


class Charges(dict):
    """Quantity and US dollars by resource and unit."""

    def __sub__(self, before):
        """Return what came after others."""
        return {
            key: (quantity - before.get(key, (0, 0))[0], usd - before.get(key, (0, 0))[1])
            for key, (quantity, usd) in self.items()
            if quantity > before.get(key, (0, 0))[0]
        }


@pytest.fixture(scope="session")
def compare_with_bill():
    """Compare an estimate with what a run was charged, line by line and in total.

    Items of one line are added up: a model is charged for all it was asked, with and without
    examples.
    """

    def compare(estimate, charged, lines):
        items = {item.name: item for item in estimate.items}
        assert items.keys() == lines.keys()
        of_run = {key: found for key, found in charged.items() if key[1] != Unit.MODEL_MONTHS}
        assert of_run.keys() == set(lines.values())
        for line in set(lines.values()):
            quantity, usd = charged[line]
            own = [items[name] for name, its_line in lines.items() if its_line == line]
            assert sum(item.quantity for item in own) == pytest.approx(quantity, rel=0.1), line
            assert sum(item.usd for item in own) == pytest.approx(usd, rel=0.1), line
        total = sum(usd for _, usd in of_run.values())
        assert estimate.usd == pytest.approx(total, rel=0.1)

    return compare


class Pipeline:
    """A deployed pipeline and what people do with it."""

    def __init__(self, cloud, outputs):
        self.cloud = cloud
        self.outputs = outputs
        self.s3 = cloud.client("s3")
        self.states = cloud.client("stepfunctions")

    def start(self, name, data, *, suffix="csv", **given):
        """Upload data and start a run; what is given besides goes into its input."""
        bucket, key = self.outputs["Data"], f"incoming/{name}.{suffix}"
        self.s3.put_object(Bucket=bucket, Key=key, Body=data.encode())
        return self.states.start_execution(
            stateMachineArn=self.outputs["StateMachine"],
            name=name,
            input=json.dumps({"source": f"s3://{bucket}/{key}", **given}),
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
            time.sleep(0.25)
        raise AssertionError(f"{arn} still runs after {seconds} s")

    def manifest(self, name):
        """Return a run's manifest."""
        return manifest.load(self.s3, f"s3://{self.outputs['Artifacts']}/runs/{name}/manifest.json")

    def alias(self):
        """Return what consumers would invoke, None before the first promotion."""
        return self.parameter(self.outputs["Alias"])

    def throughputs(self):
        """Return the ARNs of provisioned throughputs."""
        found = self.cloud.client("bedrock").list_provisioned_model_throughputs()
        return {item["provisionedModelArn"] for item in found["provisionedModelSummaries"]}

    def parameter(self, name):
        """Return what a parameter holds, None where there is none."""
        ssm = self.cloud.client("ssm")
        try:
            return ssm.get_parameter(Name=name)["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound:
            return None

    def deployments(self):
        """Return the ARNs of what is deployed."""
        found = self.cloud.client("bedrock").list_custom_model_deployments()
        return {item["customModelDeploymentArn"] for item in found["modelDeploymentSummaries"]}


def define(stack, name, given):
    """Define a pipeline, and its monitoring if it has one, and export what tests ask for."""
    given = dict(given)
    monitoring = given.pop("monitoring", None)
    if given.pop("sign_manifests", False):
        given["storage"] = CustomizationStorage(stack, f"{name}Storage", sign_manifests=True)
    pipeline = CustomizationPipeline(
        stack,
        name,
        template=RecordTemplate(
            prompt="{text}", completion="{category}", system="Answer with the intent."
        ),
        stall_limit=Duration.hours(1),
        max_tokens=8,
        **given,
    )
    for key, value in {
        "Data": pipeline.storage.data_bucket.bucket_name,
        "Blind": pipeline.storage.blind_bucket.bucket_name,
        "BlindKey": pipeline.storage.blind_key.key_arn,
        "Artifacts": pipeline.storage.artifacts_bucket.bucket_name,
        "StateMachine": pipeline.state_machine.state_machine_arn,
        "Topic": pipeline.topic.topic_arn,
        "Alias": pipeline.alias.arn_parameter.parameter_name,
        "ServiceRole": pipeline.customization.service_role.role.role_arn,
    }.items():
        stack.export_value(value, name=f"{name}{key}")
    if monitoring is not None:
        watch(stack, pipeline, name, monitoring)
    if pipeline.approval:
        _tell_the_command_line(stack, pipeline)


def watch(stack, pipeline, name, given):
    """Define the monitoring of a pipeline, and export what alarms and dashboard are called."""
    monitoring = Monitoring(stack, f"{name}Monitoring", pipeline=pipeline, **given)
    for key, alarm in monitoring.alarms.items():
        stack.export_value(alarm.alarm_name, name=f"{name}Alarm{key}")
    stack.export_value(monitoring.dashboard.dashboard_name, name=f"{name}Dashboard")


def _tell_the_command_line(stack, pipeline):
    """Write the outputs by which commands find a pipeline."""
    for key, value in {
        "ArtifactsBucketName": pipeline.storage.artifacts_bucket.bucket_name,
        "StateMachineArn": pipeline.state_machine.state_machine_arn,
        "AliasParameterName": pipeline.alias.arn_parameter.parameter_name,
        "ApprovalUrl": pipeline.approval.address,
    }.items():
        CfnOutput(stack, key, value=value)
    if key := pipeline.storage.signing_key:
        CfnOutput(stack, "SigningKeyArn", value=key.key_arn)


@pytest.fixture(scope="module")
def deploy(context, start_cloud, deploy_app, tmp_path_factory):
    """Deploy pipelines in one stack, by name, and yield them so.

    Takes the arguments of each pipeline, by its name; what needs the stack or the cloud is made by
    a function of them. Settings of the embedded AWS may follow.
    """

    @contextmanager
    def deployed_pipelines(arguments, **settings):
        with start_cloud(**settings) as cloud:
            app = App(context=context, outdir=str(tmp_path_factory.mktemp("assembly")))
            stack = Stack(app, "Stack")
            for name, given in arguments.items():
                define(stack, name, given(stack, cloud) if callable(given) else given)
            exports = deploy_app(cloud, app)
            yield {name: Pipeline(cloud, outputs_of(name, exports)) for name in arguments}

    return deployed_pipelines


def outputs_of(name, exports):
    """Return what a pipeline of several in the stack exports."""
    return {key.removeprefix(name): value for key, value in exports.items() if key.startswith(name)}


@pytest.fixture(scope="session")
def make_pipeline():
    """Return what people do with a pipeline: of a cloud, by name, with what its stack exports."""
    return lambda cloud, name, exports: Pipeline(cloud, outputs_of(name, exports))


@pytest.fixture(scope="module")
def deployed(deploy):
    """Pipelines in one stack.

    One promotes what is better; one asks too much, of jobs in a VPC and models with a key of the
    customer's, and has a use case whose target the base model may meet; one has no money.
    """
    common = {
        "base_model": BaseModel.NOVA_MICRO,
        "method": FineTuning(hyperparameters={"epochCount": 1}),
    }
    arguments = {
        "Fair": common,
        "Strict": lambda stack, cloud: {
            **common,
            "gate": Gate(min_improvement=0.999),
            "use_case": UseCase(
                task="Name the intent of a bank's customer.",
                metric=MetricName.ACCURACY,
                owner="Card team",
                target=0.5,
                max_cost_usd=20,
            ),
            "network": network_in(stack, cloud),
            "model_key": kms.Key(stack, "ModelKey"),
        },
        "Poor": {**common, "max_cost_usd": 1e-6},
    }
    with deploy(arguments) as pipelines:
        yield pipelines


def network_in(stack, cloud):
    """Make a VPC, as a network team would, and name it to a job."""
    client = cloud.client("ec2")
    vpc_id = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = [f"{cloud.region}{letter}" for letter in "ab"]
    subnets = [
        client.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)[
            "Subnet"
        ]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    group_id = client.create_security_group(GroupName="jobs", Description="Jobs", VpcId=vpc_id)
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id=vpc_id, availability_zones=zones, private_subnet_ids=subnets
    )
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", group_id["GroupId"])
    return JobNetwork(vpc=vpc, security_groups=[group])


@pytest.fixture
def fair(deployed):
    """The pipeline that promotes any improvement beyond chance."""
    return deployed["Fair"]


@pytest.fixture
def strict(deployed):
    """The pipeline that asks for 99.9 points more, with a VPC, a model key and a use case."""
    return deployed["Strict"]
