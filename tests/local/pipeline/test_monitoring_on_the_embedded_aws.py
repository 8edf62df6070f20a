"""Each alarm of a pipeline is fired by a fault, and a subscriber of the encrypted topic is told.

One deployed pipeline, one fault after the other, with IAM enforced: also what CloudWatch and
EventBridge publish is held against the policies of the topic and its key.
"""

import csv
import io
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aws_cdk import Duration

from bedrock_customization import BaseModel, FineTuning, ProvisionedThroughput
from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_local.cloud.bedrock.quotas import default_quotas
from bedrock_customization_local.cloud.stepfunctions.faults import Moment, StateFault
from bedrock_customization_runtime.contract import EXPIRY_TAG, METRIC_NAMESPACE, PIPELINE_TAG
from bedrock_customization_runtime.contract.names import Handler

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def watched(deploy):
    """A pipeline that buys throughput, and everything that can be watched of it."""
    arguments = {
        "Watched": {
            "base_model": BaseModel.NOVA_LITE,
            "method": FineTuning(hyperparameters={"epochCount": 1}),
            "sharding": None,
            "deployment": ProvisionedThroughput(ttl=Duration.days(1), max_hourly_cost_usd=110),
            "monitoring": {
                "max_daily_cost_usd": 1e-9,
                "longest_idle_job": Duration.minutes(30),
                "longest_job": Duration.minutes(45),
                "longest_idle_throughput": Duration.hours(1),
            },
        }
    }
    quotas = replace(default_quotas(), provisioned_model_units_without_commitment=3)
    with deploy(arguments, quotas=quotas) as pipelines:
        yield pipelines["Watched"]


class Watch:
    """A pipeline, a subscriber of its topic, and the faults that people do to it."""

    def __init__(self, pipeline, make_questions):
        self.pipeline, self.make_questions = pipeline, make_questions
        self.cloud = pipeline.cloud
        sqs = self.cloud.client("sqs")
        self.queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        self.subscription = self.subscribe("subscriber")
        prefix = "Alarm"
        self.ids = {
            name: key.removeprefix(prefix)
            for key, name in pipeline.outputs.items()
            if key.startswith(prefix)
        }
        self.fired, self.undelivered, self.messages = {}, [], []

    def subscribe(self, queue):
        """Subscribe a queue to the topic; it need not exist."""
        arn = f"arn:aws:sqs:{self.cloud.region}:{self.cloud.account_id}:{queue}"
        topic = self.pipeline.outputs["Topic"]
        found = self.cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return found["SubscriptionArn"]

    def look(self, fault):
        """Let CloudWatch look at the alarms after a fault, and keep which ones it fired."""
        changes = self.cloud.alarms.evaluate()
        self.fired[fault] = {self.ids[one.name] for one in changes if one.state == "ALARM"}
        self.undelivered += [why for one in changes for why in one.undelivered]
        sqs = self.cloud.client("sqs")
        while found := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for one in found:
                self.messages.append(json.loads(one["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=one["ReceiptHandle"])

    def functions(self, part):
        """Return the names of the functions of a construct."""
        found = self.cloud.client("lambda").list_functions()["Functions"]
        return [one["FunctionName"] for one in found if part in one["FunctionName"]]

    def wait_for(self, is_so, seconds=30):
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, is_so
            time.sleep(0.05)

    # The faults, in the order in which they are done.

    def a_source_that_is_not_there(self):
        self.cloud.step_functions.faults.inject(
            StateFault(state="Start run", moment=Moment.THROTTLED)
        )
        source = f"s3://{self.pipeline.outputs['Data']}/incoming/none.csv"
        arn = self.pipeline.states.start_execution(
            stateMachineArn=self.pipeline.outputs["StateMachine"],
            name="no-source",
            input=json.dumps({"source": source}),
        )["executionArn"]
        assert self.pipeline.wait(arn)["status"] == "FAILED"

    def a_job_that_stalls(self):
        self.cloud.bedrock.faults.inject(Fault(name="stalls", kind=FaultKind.STALL_JOB))
        execution = self.pipeline.run("stalled", self.make_questions(2, 40))
        assert execution["error"] == "CustomizationStalled"

    def a_candidate_that_is_worse(self):
        questions = self.make_questions(3, 60)
        rows = list(csv.DictReader(io.StringIO(questions)))
        pairs = [(row["text"], row["category"]) for row in rows]
        self.cloud.bedrock.teach("amazon.nova-lite-v1:0", pairs)
        execution = self.pipeline.run("worse", questions)
        assert execution["status"] == "SUCCEEDED", execution.get("cause")

    def a_run_that_somebody_stops(self):
        arn = self.pipeline.start("aborted", self.make_questions(2, 40))
        self.pipeline.states.stop_execution(executionArn=arn)
        assert self.pipeline.wait(arn)["status"] == "ABORTED"

    def a_run_that_takes_too_long(self):
        machine = self.pipeline.outputs["StateMachine"]
        definition = json.loads(
            self.pipeline.states.describe_state_machine(stateMachineArn=machine)["definition"]
        )
        for limit in ({"TimeoutSeconds": 1}, {}):
            self.pipeline.states.update_state_machine(
                stateMachineArn=machine, definition=json.dumps({**definition, **limit})
            )
            if limit:
                execution = self.pipeline.run("late", self.make_questions(3, 60))
                assert execution["status"] == "TIMED_OUT"

    def a_clean_up_that_fails(self):
        (function,) = self.functions("CleanUp")
        self.cloud.client("lambda").invoke(
            FunctionName=function, InvocationType="Event", Payload=b"{}"
        )
        sqs = self.cloud.client("sqs")
        (url,) = (url for url in sqs.list_queues()["QueueUrls"] if "RunCleanup" in url)
        self.wait_for(
            lambda: (
                sqs.get_queue_attributes(
                    QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
                )["Attributes"]["ApproximateNumberOfMessages"]
                != "0"
            )
        )

    def no_concurrency(self):
        client = self.cloud.client("lambda")
        (function,) = self.functions("RecordRun")
        client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        with pytest.raises(client.exceptions.TooManyRequestsException):
            client.invoke(FunctionName=function, Payload=b"{}")
        client.delete_function_concurrency(FunctionName=function)

    def a_target_that_is_gone(self):
        events = self.cloud.client("events")
        (rule,) = (
            one["Name"] for one in events.list_rules()["Rules"] if "RunCleanupEnded" in one["Name"]
        )
        (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
        gone = {**target, "Arn": f"{target['Arn']}Gone"}
        events.put_targets(Rule=rule, Targets=[gone])
        arn = self.pipeline.start("unheard", self.make_questions(2, 40))
        self.pipeline.states.stop_execution(executionArn=arn)
        self.pipeline.wait(arn)
        events.put_targets(Rule=rule, Targets=[target])

    def a_subscriber_that_is_gone(self):
        sns = self.cloud.client("sns")
        gone = self.subscribe("gone")
        sns.publish(TopicArn=self.pipeline.outputs["Topic"], Message="Anybody there?")
        sns.unsubscribe(SubscriptionArn=gone)

    def a_key_that_is_disabled(self):
        kms = self.cloud.client("kms")
        key = self.pipeline.outputs["BlindKey"].rpartition("/")[2]
        kms.disable_key(KeyId=key)
        kms.enable_key(KeyId=key)

    def a_throughput_that_nobody_takes_away(self):
        bedrock = self.cloud.client("bedrock")
        machine = self.pipeline.outputs["StateMachine"].rpartition(":")[2]
        model = bedrock.list_custom_models()["modelSummaries"][0]["modelArn"]
        over = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
        bedrock.create_provisioned_model_throughput(
            modelId=model,
            modelUnits=1,
            provisionedModelName="forgotten",
            tags=[{"key": PIPELINE_TAG, "value": machine}, {"key": EXPIRY_TAG, "value": over}],
        )
        # Measured before it is deleted, if that is possible yet: it is still being created.
        self.tick()

    def tick(self):
        """Do what the clock does every quarter of an hour."""
        events, client = self.cloud.client("events"), self.cloud.client("lambda")
        (rule,) = (
            one["Name"] for one in events.list_rules()["Rules"] if "ScheduleExpression" in one
        )
        (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
        client.invoke(FunctionName=target["Arn"], Payload=target["Input"])


FAULTS = {
    Watch.a_source_that_is_not_there: {"RunFailed", "RunThrottled"},
    Watch.a_job_that_stalls: {"JobStalled", "JobTooOld", "CostTooHigh"},
    Watch.a_candidate_that_is_worse: {"ScoreRegressed"},
    Watch.a_run_that_somebody_stops: {"RunAborted"},
    Watch.a_run_that_takes_too_long: {"RunTimedOut"},
    Watch.a_clean_up_that_fails: {"FunctionErrors", "DeadLetters"},
    Watch.no_concurrency: {"FunctionThrottles"},
    Watch.a_target_that_is_gone: {"EventsUndelivered"},
    Watch.a_subscriber_that_is_gone: {"NotificationsFailed"},
    Watch.a_key_that_is_disabled: {"KeyEndangered"},
    Watch.a_throughput_that_nobody_takes_away: {"ThroughputIdle", "ThroughputOverdue"},
}


@pytest.fixture(scope="module")
def watch(watched, make_questions):
    """What became of all the faults."""
    watch = Watch(watched, make_questions)
    watch.look("nothing")
    for fault in FAULTS:
        fault(watch)
        watch.look(fault)
    return watch


def test_nothing_is_told_while_nothing_is_wrong(watch):
    assert not watch.fired["nothing"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_fires_its_alarms(fault, watch):
    assert watch.fired[fault] == FAULTS[fault]


def test_every_alarm_is_fired_by_a_fault_and_reaches_the_subscriber(watch):
    told = {
        watch.ids[json.loads(one["Message"])["AlarmName"]]
        for one in watch.messages
        if one.get("Subject", "").startswith("ALARM")
    }
    # A second one watches the functions that do not fit into the first.
    assert told == {one for one in watch.ids.values() if one != "FunctionThrottles2"}
    assert watch.undelivered == []


def test_each_alarm_told_names_a_runbook_that_exists(watch):
    for one in watch.messages:
        if one.get("Subject", "").startswith("ALARM"):
            description = json.loads(one["Message"])["AlarmDescription"]
            assert (ROOT / description.partition("Runbook: ")[2]).is_file(), description


@pytest.mark.parametrize(("name", "status"), [("aborted", "ABORTED"), ("late", "TIMED_OUT")])
def test_a_run_that_no_state_tells_of_is_told_of_once(name, status, watch):
    (told,) = (one for one in watch.messages if one["Message"].startswith(f"Run {name} of "))
    assert told["Subject"] == f"Bedrock model: {status}"
    assert f"ended as {status}: " in told["Message"]
    console = "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions"
    assert f"{console}/details/arn:aws:states:" in told["Message"]


def test_the_manifest_of_a_run_that_took_too_long_is_closed(watch):
    found = watch.pipeline.manifest("late")
    assert (found.status, found.outcome) == ("failed", "TIMED_OUT")


def test_a_key_that_goes_out_of_use_is_told_of_by_a_rule(watch):
    (content,) = (
        json.loads(one["Message"])["content"]
        for one in watch.messages
        if '"custom"' in one["Message"]
    )
    assert content["title"] == "DisableKey of a key of model customization"


def test_messages_are_short_and_hold_no_data(watch):
    rows = csv.DictReader(io.StringIO(watch.make_questions(3, 60)))
    words = [row["text"] for row in rows]
    assert len(watch.messages) > len(FAULTS)
    for one in watch.messages:
        assert len(one["Message"].encode()) <= 4096
        assert not any(text in one["Message"] for text in words)


def test_a_run_that_failed_says_where_and_why_and_links_to_it(watch):
    (told,) = (
        one["Message"] for one in watch.messages if one["Message"].startswith("Run no-source")
    )
    assert " ended as InvalidInput in " in told
    assert "/executions/details/arn:aws:states:us-east-1:" in told


def test_every_metric_of_the_dashboard_is_one_that_is_emitted(watch):
    name = watch.pipeline.outputs["Dashboard"]
    body = watch.cloud.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"]
    known = watch.cloud.metrics.known()
    stages = set(Handler)
    shown = list(metrics_of(json.loads(body)))
    assert len(shown) > 20
    for namespace, metric, dimensions in shown:
        if "Stage" in dimensions:
            # Which stages a run comes to depends on its decision.
            assert dimensions["Stage"] in stages
            dimensions["Stage"] = "start_run"
        assert (namespace, metric, frozenset(dimensions.items())) in known, (metric, dimensions)


def metrics_of(dashboard):
    """Yield namespace, name and dimensions of what graphs show, with CloudWatch's short forms."""
    for widget in dashboard["widgets"]:
        for one in widget["properties"].get("metrics", []):
            namespace, name, *rest = [part for part in one if isinstance(part, str)]
            yield namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))


def test_every_line_of_the_functions_is_json_and_knows_its_run(watch):
    logs = watch.cloud.client("logs")
    lines = [
        json.loads(event["message"])
        for group in logs.describe_log_groups()["logGroups"]
        if "states" not in group["logGroupName"]
        for page in logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["logGroupName"]
        )
        for event in page["events"]
    ]
    # Not ours: Lambda's frame around an invocation, the error that a handler ends with, and what
    # libraries say while they are imported, before the first event.
    ours = [
        one
        for one in lines
        if "type" not in one and not one.get("errorType") and one.get("requestId")
    ]
    assert len(ours) > 50
    for one in ours:
        assert {"run_id", "execution_arn", "stage", "cold_start"} <= one.keys(), one
    runs = {one["run_id"] for one in ours}
    assert {"no-source", "stalled", "worse"} <= runs
    assert {one["cold_start"] for one in ours} == {True, False}
    measured = [one for one in ours if "_aws" in one]
    for one in measured:
        for directive in one["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == METRIC_NAMESPACE


def test_nobody_asked_for_more_than_the_roles_allow(watch, closure_of):
    assert closure_of(watch.cloud).denied() == set()
