"""Enrichment by the state machine's own states, with IAM enforced and every token on the bill."""

import json
import time

import pytest
from aws_cdk import App, Stack, aws_stepfunctions as sfn
from constructs import Construct

from bedrock_customization import (
    BaseModel,
    CustomizationStorage,
    DataPreparation,
    Enrichment,
    EnrichmentTask,
    RunStart,
)
from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.enrichment import parts
from bedrock_customization_runtime.invocation import THREADS

pytestmark = pytest.mark.slow

MODEL = "us.amazon.nova-micro-v1:0"
LITTLE = 3e-5
WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath")


@pytest.fixture(scope="module")
def cloud(context, tmp_path_factory, start_cloud, deploy_app):
    """Two machines on one storage that differ in their budget."""
    app = App(context=context, outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = Stack(app, "Stack")
    storage = CustomizationStorage(stack, "Storage")
    for name, max_cost_usd in (("Poor", LITTLE), ("Rich", 1.0)):
        scope = Construct(stack, name)
        start = RunStart(scope, "RunStart", storage=storage, base_model=BaseModel.NOVA_MICRO)
        prepare = DataPreparation(
            scope,
            "DataPreparation",
            storage=storage,
            base_model=BaseModel.NOVA_MICRO,
            # An untrained model's noise is sometimes nothing at all.
            max_rejected=0.9,
            enrichment=Enrichment(
                model=MODEL,
                task=EnrichmentTask.COMPLETE,
                max_cost_usd=max_cost_usd,
                max_tokens=40,
            ),
        )
        machine = sfn.StateMachine(
            scope,
            "StateMachine",
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(sfn.Chain.start(start).next(prepare)),
        )
        stack.export_value(machine.state_machine_arn, name=name)
    stack.export_value(storage.data_bucket.bucket_name, name="Data")
    stack.export_value(storage.artifacts_bucket.bucket_name, name="Artifacts")
    with start_cloud() as cloud:
        yield Runs(cloud, deploy_app(cloud, app))


class Runs:
    """What people do with the machines."""

    def __init__(self, cloud, outputs):
        self.cloud = cloud
        self.outputs = outputs
        self.s3 = cloud.client("s3")
        self.states = cloud.client("stepfunctions")

    def upload(self, name, rows):
        body = "".join(f"{json.dumps(row)}\n" for row in rows)
        self.s3.put_object(
            Bucket=self.outputs["Data"], Key=f"incoming/{name}.jsonl", Body=body.encode()
        )

    def start(self, machine, run, data):
        source = f"s3://{self.outputs['Data']}/incoming/{data}.jsonl"
        return self.states.start_execution(
            stateMachineArn=self.outputs[machine],
            name=run,
            input=json.dumps({"source": source}),
        )["executionArn"]

    def wait(self, arn, *, seconds=120):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            execution = self.states.describe_execution(executionArn=arn)
            if execution["status"] != "RUNNING":
                return execution
            time.sleep(0.2)
        raise AssertionError(f"{arn} still runs after {seconds} s")

    def run(self, machine, run, data):
        return self.wait(self.start(machine, run, data))

    def bill(self):
        """Return tokens and US dollars that the model has cost."""
        lines = [line for line in self.cloud.bedrock.meter.lines() if line.resource == MODEL]
        return (
            sum(line.quantity for line in lines if line.unit is Unit.INPUT_TOKENS),
            sum(line.usd for line in lines),
        )

    def kept(self):
        """Return how many answers are kept, of all runs."""
        found = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.outputs["Data"], Prefix="enrichment/"
        )
        return sum(page["KeyCount"] for page in found)

    def preparation(self, run):
        uri = f"s3://{self.outputs['Artifacts']}/runs/{run}/manifest.json"
        return manifest.load(self.s3, uri).preparation

    def answers(self, run):
        found, _ = parts.read_all(self.s3, {"data": f"s3://{self.outputs['Data']}/runs/{run}"})
        return found


def questions(subject, count):
    names = ("-".join(WORDS[(n // 8**place) % 8] for place in range(4)) for n in range(count))
    return [{"prompt": f"what of {subject} {name}", "completion": ""} for name in names]


def test_a_run_stops_before_its_budget_and_one_with_more_money_pays_the_rest_alone(cloud):
    cloud.upload("many", questions("many", 100))

    poor = cloud.run("Poor", "poor", "many")
    tokens, usd = cloud.bill()

    assert (poor["status"], poor["error"]) == ("FAILED", "BudgetReached")
    assert f"it could exceed max_cost_usd {LITTLE:g}" in poor["cause"]
    assert 0 < usd <= LITTLE

    rich = cloud.run("Rich", "rich", "many")

    assert rich["status"] == "SUCCEEDED", rich.get("cause")
    made = cloud.preparation("rich").enrichment
    asked = cloud.answers("rich")
    assert len(asked) == 100
    assert (made.model, made.task) == (MODEL, "complete")
    assert made.written == sum(one.answer is not None for one in asked) > 50
    paid_before = sum(one.input_tokens for one in asked if one.paid_by == "poor")
    assert paid_before == tokens
    assert cloud.bill()[0] == sum(one.input_tokens for one in asked)
    assert made.cost_usd == pytest.approx(cloud.bill()[1] - usd)

    again = cloud.run("Rich", "again", "many")

    assert again["status"] == "SUCCEEDED", again.get("cause")
    assert cloud.bill()[0] == sum(one.input_tokens for one in asked)
    assert cloud.preparation("again").enrichment.cost_usd == 0
    assert cloud.preparation("again").train.sha256 == cloud.preparation("rich").train.sha256


def test_throttling_is_waited_out(cloud):
    cloud.upload("busy", questions("busy", 20))
    cloud.cloud.bedrock.faults.inject(
        Fault(name="busy", kind=FaultKind.THROTTLE, operation="Converse", times=6)
    )
    execution = cloud.run("Rich", "busy", "busy")

    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert cloud.cloud.bedrock.faults.injected.count("busy") == 6
    assert len(cloud.answers("busy")) == 20
    assert cloud.preparation("busy").enrichment.written > 10


def test_a_run_whose_function_is_killed_is_not_paid_twice(cloud):
    cloud.upload("killed", questions("killed", 150))
    (before, _), kept = cloud.bill(), cloud.kept()
    arn = cloud.start("Rich", "killed", "killed")
    while cloud.kept() == kept:
        assert cloud.states.describe_execution(executionArn=arn)["status"] == "RUNNING"
    assert cloud.cloud.functions.kill("enrich_data") == 1
    assert cloud.wait(arn)["status"] == "FAILED"

    execution = cloud.run("Rich", "revived", "killed")

    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    asked = cloud.answers("revived")
    once = sum(one.input_tokens for one in asked)
    most = max(one.input_tokens for one in asked)
    assert {one.paid_by for one in asked} == {"killed", "revived"}
    # Only what was under way when it died may have been asked again.
    assert once <= cloud.bill()[0] - before <= once + THREADS * most
    assert len(asked) == 150


def test_the_functions_may_ask_no_other_model(cloud):
    client = cloud.cloud.client("iam")
    names = [
        role["RoleName"]
        for role in client.list_roles()["Roles"]
        if role.get("Description") == "Asks a model about the records"
    ]
    assert len(names) == 2
    for name in names:
        policy = client.get_role_policy(RoleName=name, PolicyName="Rights")["PolicyDocument"]
        (resources,) = (
            statement["Resource"]
            for statement in policy["Statement"]
            if "bedrock:InvokeModel" in statement["Action"]
        )
        assert len(resources) == 2
        assert all("nova-micro" in resource for resource in resources)


def test_the_roles_have_the_rights_that_the_runs_needed_and_no_more(cloud, closure_of):
    """The last test of the module, for it looks back at all runs."""
    closure = closure_of(cloud.cloud, alike=["Poor", "Rich"])
    assert closure.denied() == set()
    assert closure.surplus() == set()
    assert closure.stale() == []
