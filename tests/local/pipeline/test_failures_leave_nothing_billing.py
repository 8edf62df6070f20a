"""Every Task state of the pipelines fails once, and nothing is left that bills.

A run that failed is redriven and fails at the next state, so that each pipeline trains few models.
A failure after a call is one whose caller never learns what it made. The states before anything is
deployed, which all pipelines have alike, fail in one of them.
"""

import csv
import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from aws_cdk import Duration, Size

from bedrock_customization import BaseModel, FineTuning, ProvisionedThroughput, Sharding
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_local.cloud.bedrock.quotas import default_quotas
from bedrock_customization_local.cloud.stepfunctions.faults import Moment, StateFault

pytestmark = pytest.mark.slow

BEFORE, AFTER = Moment.BEFORE_CALL, Moment.AFTER_CALL
ONE_EPOCH = FineTuning(hyperparameters={"epochCount": 1})
SHARDS = (
    *("Plan preparation", "Examine shard", "Gather shards", "Sign shard", "Compare bucket"),
    *("Decide sides", "Divide shard", "Finish preparation"),
)
TRAINING = ("Stop timed-out job", "Watch job", "Customize model", "Record customization")
NOT_YET = ("Plan customization", "Adopt job", "Stop stalled job")
MEASURING = (
    *("Deploy candidate", "Check deployment", "Smoke test", "Plan blind test"),
    *("Answer questions", "Compare answers", "Decide promotion"),
)
IN_MAPS = {*SHARDS, "Answer questions"}
FAILING = ("Remove failed candidate", "Record failure", "Notify failure")
# States that only what went wrong elsewhere leads to, and what that is.
LED_TO = {
    "Adopt job": ("Customize model", "Bedrock.ConflictException"),
    "Stop stalled job": ("Watch job", "CustomizationStalled"),
    "Stop timed-out job": ("Watch job", "CustomizationTimedOut"),
}


@pytest.fixture(scope="module")
def deployed(deploy):
    """A pipeline that deploys on demand, and one that buys throughput."""
    arguments = {
        "Demand": {
            "base_model": BaseModel.NOVA_MICRO,
            "method": ONE_EPOCH,
            "sharding": Sharding(above=Size.kibibytes(2), shard_size=Size.kibibytes(8)),
        },
        "Units": {
            "base_model": BaseModel.NOVA_LITE,
            "method": ONE_EPOCH,
            "sharding": None,
            "deployment": ProvisionedThroughput(ttl=Duration.days(1), max_hourly_cost_usd=110),
        },
    }
    quotas = replace(default_quotas(), provisioned_model_units_without_commitment=3)
    with deploy(arguments, quotas=quotas, time_scale=0.0002) as pipelines:
        yield pipelines


class Walk:
    """A run that fails at one state after the other.

    Args:
        pipeline: Whose run.
        name: Of the run.
    """

    def __init__(self, pipeline, name):
        self.pipeline, self.name = pipeline, name
        self.failed_at = set()
        self._faults = pipeline.cloud.step_functions.faults
        self._arn = None

    def through(self, states, moment, start=None):
        """Fail at one state after the other."""
        for state in states:
            self.fail([state], moment, start)

    def fail(self, states, moment, start=None):
        """Fail at states of one drive, in a new run or a redriven one, and look what is left."""
        faults = [
            StateFault(
                state=state,
                moment=moment,
                # The children of a Map have names of their own.
                execution=None if state in IN_MAPS else self.name,
                machine=self.pipeline.outputs["StateMachine"].rpartition(":")[2],
            )
            for state in states
        ]
        for cause, error in (LED_TO[state] for state in states if state in LED_TO):
            faults.append(StateFault(state=cause, error=error, execution=self.name))
        self._drive(faults, start)
        execution = self.pipeline.wait(self._arn)
        assert execution["status"] == "FAILED", states
        self._look(states, faults)

    def end(self, states=()):
        """Let the run end, though some states fail."""
        faults = [StateFault(state=state, execution=self.name) for state in states]
        self._drive(faults, None)
        execution = self.pipeline.wait(self._arn)
        assert execution["status"] == "SUCCEEDED", execution.get("cause")
        self._look(states, faults)

    def _look(self, states, faults):
        assert set(faults) <= set(self._faults.injected), states
        self.failed_at |= set(states)
        nothing_bills(self.pipeline, f"{self.name} failed at {states}")

    def _drive(self, faults, start):
        self._faults.inject(*faults)
        if self._arn is None:
            self._arn = start()
        else:
            self.pipeline.states.redrive_execution(executionArn=self._arn)


def nothing_bills(pipeline, when, *, seconds=15):
    """Check that nothing is left but what is live, and was before; a clean-up takes a moment."""
    deadline = time.monotonic() + seconds
    while left := left_over(pipeline):
        assert time.monotonic() < deadline, f"{when}: {left} is left"
        time.sleep(0.1)


def listen(pipeline):
    """Subscribe a new queue to what people hear of a pipeline, and return its URL."""
    sqs = pipeline.cloud.client("sqs")
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pipeline.cloud.client("sns").subscribe(
        TopicArn=pipeline.outputs["Topic"], Protocol="sqs", Endpoint=arn["QueueArn"]
    )
    return url


def message_about(pipeline, name, inbox, *, seconds=30):
    """Return the first message about a run, which a clean-up sends at its end."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        received = pipeline.cloud.client("sqs").receive_message(QueueUrl=inbox)
        for one in received.get("Messages", []):
            text = json.loads(one["Body"])["Message"]
            if text.startswith(f"Run {name} of "):
                return text
        time.sleep(0.1)
    raise AssertionError(f"nobody was told of {name}")


def left_over(pipeline):
    """Return what bills or is deployed, or will be, without the models' storage."""
    bedrock, kind = pipeline.cloud.client("bedrock"), pipeline.outputs["Kind"]
    alias = pipeline.outputs["Alias"]
    live = {pipeline.alias(), pipeline.parameter(f"{alias}/previous")}
    jobs = bedrock.list_model_customization_jobs(nameContains=kind)[
        "modelCustomizationJobSummaries"
    ]
    running = {job["jobArn"] for job in jobs if job["status"] in {"InProgress", "Stopping"}}
    if kind == "units":
        hourly = {
            line.resource
            for line in pipeline.cloud.bedrock.meter.running()
            if line.unit is not Unit.MODEL_MONTHS
        }
        return running | ((pipeline.throughputs() | hourly) - live)
    return running | (pipeline.deployments() - live)


def as_json_lines(text):
    return "\n".join(json.dumps(row) for row in csv.DictReader(io.StringIO(text)))


def tasks_of(pipeline):
    """Return the names of the Task states in the deployed definition."""
    machine = pipeline.states.describe_state_machine(
        stateMachineArn=pipeline.outputs["StateMachine"]
    )
    return set(tasks_in(json.loads(machine["definition"])))


def tasks_in(states):
    for name, state in states["States"].items():
        if state["Type"] == "Task":
            yield name
        inside = [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]
        for part in inside:
            yield from tasks_in(part)


def walk_to_a_promotion(pipeline, kind, start, moment, before_deployment=()):
    """Fail everywhere on the way to a promotion, with nothing promoted before."""
    pipeline.outputs["Kind"] = kind
    walk = Walk(pipeline, f"{kind}-first")
    for states, when in (*before_deployment, (MEASURING, moment)):
        walk.through(states, when, lambda: start(walk.name))
    walk.fail(["Compare answers", *FAILING], BEFORE)
    # A redrive begins with the state that ended the run.
    walk.fail(["End failed run"], BEFORE)
    walk.fail(["Promote model"], BEFORE)
    assert pipeline.alias() is None
    walk.fail(["Promote model"], AFTER)
    assert pipeline.alias() is not None
    walk.fail(["Remove superseded deployment", "Record run"], BEFORE)
    walk.end(["Notify"])
    return walk.failed_at


def walk_again(pipeline, kind, questions, base, states):
    """Fail where a model is live, until a candidate is rejected because the base model is good."""
    live = pipeline.alias()
    rows = list(csv.DictReader(io.StringIO(questions)))
    pipeline.cloud.bedrock.teach(base, [(row["text"], row["category"]) for row in rows])
    walk = Walk(pipeline, f"{kind}-second")
    walk.through(states, AFTER, lambda: pipeline.start(walk.name, questions))
    walk.end()
    assert pipeline.alias() == live
    return walk.failed_at


def test_whichever_state_fails_nothing_is_left_that_bills(deployed, make_questions):
    demand, units = deployed["Demand"], deployed["Units"]
    questions = make_questions(2, 40)

    def on_demand():
        found = walk_to_a_promotion(
            demand,
            "demand",
            lambda name: demand.start(name, as_json_lines(questions), suffix="jsonl"),
            BEFORE,
            [(["Start run", *SHARDS, *NOT_YET], BEFORE), (TRAINING, AFTER)],
        )
        again = ["Prepare data", "Deploy candidate"]
        again += ["Decide promotion", "Remove rejected candidate"]
        return found | walk_again(demand, "demand", questions, "amazon.nova-micro-v1:0", again)

    def on_units():
        found = walk_to_a_promotion(
            units, "units", lambda name: units.start(name, questions), AFTER
        )
        again = ["Deploy candidate", "Remove rejected candidate"]
        return found | walk_again(units, "units", questions, "amazon.nova-lite-v1:0", again)

    with ThreadPoolExecutor(2) as threads:
        walks = [threads.submit(walk) for walk in (on_demand, on_units)]
        failed_at = [walk.result() for walk in walks]
    assert tasks_of(demand) == failed_at[0]
    assert tasks_of(units) - {"Start run", "Prepare data", *NOT_YET, *TRAINING} == failed_at[1]


def test_an_execution_that_is_aborted_leaves_nothing_that_bills_and_is_told_of(
    deployed, make_questions
):
    units = deployed["Units"]
    inbox = listen(units)
    units.outputs["Kind"] = "units"
    before = units.throughputs()
    arn = units.start("units-aborted", make_questions(2, 40))
    while units.throughputs() == before:
        assert units.states.describe_execution(executionArn=arn)["status"] == "RUNNING"
        time.sleep(0.05)
    units.states.stop_execution(executionArn=arn)
    assert units.wait(arn)["status"] == "ABORTED"
    nothing_bills(units, "aborted", seconds=30)
    assert units.throughputs() == before
    told = message_about(units, "units-aborted", inbox)
    assert "ended as ABORTED: somebody stopped the execution." in told
    assert "Removed, because it would bill:" in told
    found = units.manifest("units-aborted")
    assert (found.status, found.outcome) == ("failed", "ABORTED")
    units.s3.head_object(Bucket=units.outputs["Artifacts"], Key="runs/units-aborted/report.html")
