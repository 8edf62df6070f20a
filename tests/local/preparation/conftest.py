"""Data preparation alone in a machine, on the embedded AWS with IAM enforced."""

import json
import time

import pytest
from aws_cdk import App, Size, Stack, aws_stepfunctions as sfn

from bedrock_customization import (
    BaseModel,
    CustomizationStorage,
    DataPreparation,
    RecordTemplate,
    RunStart,
    Sharding,
)

COLUMNS = RecordTemplate(
    prompt="You are a patient clerk of our bank and answer with one word: {text}",
    completion="{label}",
    group_by="customer",
    stratify_by="region",
)
SHARDS = Sharding(above=Size.bytes(0), shard_size=Size.kibibytes(16), max_concurrency=2)
MACHINES = {
    "One": {"sharding": None},
    "Many": {"sharding": SHARDS},
    "OneColumns": {"sharding": None, "template": COLUMNS},
    "ManyColumns": {"sharding": SHARDS, "template": COLUMNS},
    "Default": {},
}


class Machines:
    """State machines that prepare data, and what people do with them."""

    def __init__(self, cloud, outputs):
        self.cloud = cloud
        self.outputs = outputs
        self.s3 = cloud.client("s3")
        self.states = cloud.client("stepfunctions")

    def start(self, machine, name, body):
        """Upload a source and start a run."""
        bucket = self.outputs["Data"]
        self.s3.put_object(Bucket=bucket, Key=f"incoming/{name}", Body=body)
        return self.states.start_execution(
            stateMachineArn=self.outputs[machine],
            name=name,
            input=json.dumps({"source": f"s3://{bucket}/incoming/{name}"}),
        )["executionArn"]

    def status(self, arn):
        """Return an execution's status."""
        return self.states.describe_execution(executionArn=arn)["status"]

    def wait(self, arn, *, seconds=300):
        """Return an execution once it has ended."""
        deadline = time.monotonic() + seconds
        while self.status(arn) == "RUNNING":
            assert time.monotonic() < deadline, f"{arn} still runs after {seconds} s"
            time.sleep(0.2)
        return self.states.describe_execution(executionArn=arn)

    def run(self, machine, name, body):
        """Upload a source, prepare it and return how the execution ended."""
        return self.wait(self.start(machine, name, body))

    def events(self, arn):
        """Return an execution's history."""
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]

    def entered(self, arn):
        """Return the names of the states an execution entered."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.events(arn)
            if "stateEnteredEventDetails" in event
        ]

    def files(self, name):
        """Return what a run left, by bucket and key below the run, its name made equal."""
        found = {}
        for bucket in ("Data", "Blind", "Artifacts"):
            for key, body in self.objects(bucket, f"runs/{name}/").items():
                if not key.endswith("manifest.json") and "/lineage/" not in key:
                    found[bucket, key.removeprefix(f"runs/{name}/")] = body
        return found

    def section(self, name):
        """Return the preparation's section of a run's manifest, its name made equal."""
        (body,) = self.objects("Artifacts", f"runs/{name}/manifest.json").values()
        return json.dumps(json.loads(body)["preparation"]).replace(name, "<run>")

    def objects(self, bucket, prefix):
        """Return what lies below a prefix."""
        name = self.outputs[bucket]
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=prefix)
        return {
            item["Key"]: self.s3.get_object(Bucket=name, Key=item["Key"])["Body"].read()
            for page in pages
            for item in page.get("Contents", [])
        }

    def versions(self, name, file):
        """Return how often each shard of a run wrote a file, by shard."""
        pages = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.outputs["Data"], Prefix=f"scratch/{name}/"
        )
        found = {}
        for page in pages:
            for item in page.get("Versions", []):
                key = item["Key"]
                if key.endswith(f"/{file}"):
                    found[key.split("/")[-2]] = found.get(key.split("/")[-2], 0) + 1
        return found


@pytest.fixture(scope="module")
def machines(context, tmp_path_factory, start_cloud, deploy_app):
    """Machines that prepare data in various ways, over the same storage."""
    app = App(context=context, outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = Stack(app, "Preparations")
    storage = CustomizationStorage(stack, "Storage")
    for name, settings in MACHINES.items():
        # State names are ids: each machine's phases lie below a stack's child of their own.
        start = RunStart(stack, f"{name}RunStart", storage=storage, base_model=BaseModel.NOVA_MICRO)
        phase = DataPreparation(
            stack,
            f"{name}DataPreparation",
            storage=storage,
            base_model=BaseModel.NOVA_MICRO,
            max_rejected=0.9,
            **settings,
        )
        machine = sfn.StateMachine(
            stack,
            f"{name}StateMachine",
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(sfn.Chain.start(start).next(phase)),
        )
        stack.export_value(machine.state_machine_arn, name=f"Machine{name}")
    for bucket in ("Data", "Blind", "Artifacts"):
        found = getattr(storage, f"{bucket.lower()}_bucket").bucket_name
        stack.export_value(found, name=f"Machine{bucket}")
    with start_cloud() as cloud:
        exports = deploy_app(cloud, app)
        yield Machines(
            cloud, {name.removeprefix("Machine"): value for name, value in exports.items()}
        )
