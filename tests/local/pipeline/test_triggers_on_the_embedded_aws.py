"""What starts runs by itself, from the object in the bucket to the execution, with IAM enforced.

A machine that waits for the test's word stands in for the pipeline's, so that a run lasts as long
as the test wants, and no model is trained.
"""

import json
import time

import pytest
from aws_cdk import (
    App,
    Duration,
    Stack,
    aws_cloudwatch as cloudwatch,
    aws_events as events,
    aws_sqs as sqs,
    aws_stepfunctions as sfn,
    aws_stepfunctions_tasks as tasks,
)
from constructs import Construct

from bedrock_customization import CustomizationStorage, NewData, RunTriggers
from bedrock_customization_local.cloud.event_targets import target_input

pytestmark = pytest.mark.slow

ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:Drift"
ROW = b'{"prompt": "where is my card", "completion": "card_arrival"}\n'


class Held(Construct):
    """What triggers ask of a pipeline; a run of it ends when it is told to."""

    def __init__(self, scope, id):
        super().__init__(scope, id)
        self.storage = CustomizationStorage(self, "Storage")
        self.tokens = sqs.Queue(self, "Tokens")
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_chainable(
                tasks.SqsSendMessage(
                    self,
                    "Hold",
                    queue=self.tokens,
                    integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
                    message_body=sfn.TaskInput.from_object({"token": sfn.JsonPath.task_token}),
                )
            ),
        )


class Triggered:
    """The deployed triggers, and what people and AWS do to them."""

    def __init__(self, cloud, exports):
        self.cloud, self.exports = cloud, exports
        self.s3, self.states, self.sqs, self.events, self.functions = (
            cloud.client(name) for name in ("s3", "stepfunctions", "sqs", "events", "lambda")
        )

    def put(self, key, body=ROW):
        """Upload an object to the data bucket."""
        self.s3.put_object(Bucket=self.exports["Data"], Key=key, Body=body)

    def announce(self, source, detail_type, detail, resources=()):
        """Send an event as an AWS service does."""
        entry = {
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
            "Resources": list(resources),
        }
        self.events.put_events(Entries=[entry])

    def ring(self, moment, state="ALARM"):
        """Let the alarm change its state."""
        detail = {"alarmName": "Drift", "state": {"value": state, "timestamp": moment}}
        self.announce("aws.cloudwatch", "CloudWatch Alarm State Change", detail, [ALARM])

    def repeat_event_of(self, key):
        """Send again what S3 tells of an object."""
        detail = {"bucket": {"name": self.exports["Data"]}, "object": {"key": key}}
        self.announce("aws.s3", "Object Created", detail)

    def strike(self, moment):
        """Let it be time, and return the name of the watch that deals with it."""
        (rule,) = (one for one in self.events.list_rules()["Rules"] if "ScheduleExpression" in one)
        (target,) = self.events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        answer = self.functions.invoke(
            FunctionName=target["Arn"], Payload=target_input(target, {"time": moment})
        )
        assert "FunctionError" not in answer
        return json.loads(answer["Payload"].read())

    def runs(self):
        """Return the executions, the latest first."""
        machine = self.exports["StateMachine"]
        return self.states.list_executions(stateMachineArn=machine)["executions"]

    def watches(self, status):
        """Return the watching executions in a status."""
        found = self.states.list_executions(
            stateMachineArn=self.exports["Watch"], statusFilter=status
        )
        return found["executions"]

    def queue(self):
        """Return the document of the queue."""
        bucket = self.exports["Artifacts"]
        name = self.exports["StateMachine"].rpartition(":")[2]
        body = self.s3.get_object(Bucket=bucket, Key=f"triggers/{name}.json")["Body"]
        return json.loads(body.read())

    def started(self, number):
        """Wait for a run to begin, and return it."""
        wait_until(lambda: len(self.runs()) >= number)
        return self.runs()[0]

    def finish(self):
        """Let the run that is going succeed."""
        (message,) = self.received("Tokens")
        token = json.loads(message["Body"])["token"]
        run = self.runs()[0]["executionArn"]
        self.states.send_task_success(taskToken=token, output="{}")
        self.sqs.delete_message(
            QueueUrl=self.exports["Tokens"], ReceiptHandle=message["ReceiptHandle"]
        )
        wait_until(
            lambda: self.states.describe_execution(executionArn=run)["status"] == "SUCCEEDED"
        )

    def dead_letter(self):
        """Return the one dead letter."""
        (message,) = self.received("DeadLetters")
        return json.loads(message["Body"])

    def received(self, queue):
        """Wait for what comes into a queue, and return it."""
        found = []

        def receive():
            found.extend(self.sqs.receive_message(QueueUrl=self.exports[queue]).get("Messages", []))
            return found

        wait_until(receive)
        return found

    def settle(self):
        """Wait until nobody asks for a run any more."""
        wait_until(lambda: self.queue()["watcher"] is None and not self.watches("RUNNING"))


def wait_until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def triggered(context, start_cloud, deploy_app, tmp_path_factory):
    app = App(context=context, outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = Stack(app, "Stack")
    held = Held(stack, "Held")
    drift = cloudwatch.Alarm(
        stack,
        "Drift",
        metric=cloudwatch.Metric(namespace="Own", metric_name="Drift"),
        threshold=1,
        evaluation_periods=1,
    )
    triggers = RunTriggers(
        stack,
        "Triggers",
        pipeline=held,
        prefix="tickets/",
        new_data=NewData(suffix=".jsonl", quiet=Duration.minutes(10)),
        schedule=events.Schedule.rate(Duration.days(7)),
        alarms=[cloudwatch.Alarm.from_alarm_arn(stack, "Imported", ALARM), drift],
    )
    for name, value in {
        "Data": held.storage.data_bucket.bucket_name,
        "Artifacts": held.storage.artifacts_bucket.bucket_name,
        "Tokens": held.tokens.queue_url,
        "StateMachine": held.state_machine.state_machine_arn,
        "Drift": drift.alarm_name,
        "DeadLetters": triggers.dead_letters.queue_url,
        "Watch": triggers.state_machine.state_machine_arn,
    }.items():
        stack.export_value(value, name=name)
    with start_cloud() as cloud:
        yield Triggered(cloud, deploy_app(cloud, app))


def test_files_that_come_together_make_one_run_and_those_that_come_later_another(triggered):
    triggered.put("incoming/tickets/1.jsonl")
    triggered.put("incoming/tickets/2.jsonl")
    first = triggered.started(1)
    source = json.loads(
        triggered.states.describe_execution(executionArn=first["executionArn"])["input"]
    )
    assert source == {"source": f"s3://{triggered.exports['Data']}/incoming/tickets/"}
    triggered.settle()
    assert len(triggered.runs()) == 1
    # While it goes, others come, twice, and the event of one comes again.
    triggered.put("incoming/tickets/3.jsonl")
    triggered.put("incoming/tickets/4.jsonl")
    triggered.repeat_event_of("incoming/tickets/4.jsonl")
    wait_until(lambda: triggered.queue()["requests"])
    assert len(triggered.runs()) == 1
    triggered.finish()
    triggered.started(2)
    triggered.finish()
    triggered.settle()
    runs = triggered.runs()
    assert len(runs) == 2
    assert runs[0]["startDate"] >= runs[1]["stopDate"]
    assert {run["name"].rpartition("-")[0] for run in runs} == {"new-data-1", "new-data-2"}


def test_an_event_that_comes_again_and_our_own_outputs_begin_nothing(triggered):
    before, watched = len(triggered.runs()), len(triggered.watches("SUCCEEDED"))
    for key in (
        "runs/one/prepared/train.jsonl",
        "scratch/one/part.jsonl",
        "enrichment/one/answers.jsonl",
        "incoming/invoices/5.jsonl",
        "incoming/tickets/notes.txt",
    ):
        triggered.put(key)
    triggered.repeat_event_of("incoming/tickets/2.jsonl")
    # The only one that even looks is the repeated one.
    wait_until(lambda: len(triggered.watches("SUCCEEDED")) > watched)
    triggered.settle()
    assert len(triggered.watches("SUCCEEDED")) == watched + 1
    assert len(triggered.runs()) == before


def test_an_alarm_begins_one_run_however_often_its_event_comes(triggered):
    before = len(triggered.runs())
    triggered.ring("2026-01-01T00:00:00.000+0000", state="OK")
    for _ in range(3):
        triggered.ring("2026-01-02T00:00:00.000+0000")
    run = triggered.started(before + 1)
    triggered.finish()
    triggered.settle()
    assert run["name"].startswith("alarm-")
    assert triggered.queue()["handled"] == ["alarm Drift 2026-01-02T00:00:00.000+0000"]
    assert len(triggered.runs()) == before + 1


def test_an_alarm_of_the_stack_begins_a_run_when_it_goes_into_alarm(triggered):
    before, alarms = len(triggered.runs()), triggered.cloud.client("cloudwatch")
    for state in ("ALARM", "OK"):
        alarms.set_alarm_state(
            AlarmName=triggered.exports["Drift"], StateValue=state, StateReason="drill"
        )
    triggered.started(before + 1)
    triggered.finish()
    triggered.settle()
    assert len(triggered.runs()) == before + 1


def test_the_clock_begins_a_run_only_of_data_that_have_changed(triggered):
    before = len(triggered.runs())
    assert triggered.strike("2026-02-01T00:00:00Z").startswith("watch-")
    triggered.settle()
    assert len(triggered.runs()) == before
    # Another kind of file than begins a run by itself, but data.
    triggered.put("incoming/tickets/6.csv", b"prompt,completion\nwhere,there\n")
    triggered.strike("2026-02-08T00:00:00Z")
    assert triggered.started(before + 1)["name"].startswith("schedule-")
    triggered.finish()
    triggered.settle()
    assert triggered.strike("2026-02-08T00:00:00Z") is None


def test_who_asks_during_a_run_that_people_started_waits_though_the_watch_dies(triggered):
    before = len(triggered.runs())
    triggered.states.start_execution(stateMachineArn=triggered.exports["StateMachine"])
    triggered.ring("2026-03-01T00:00:00.000+0000")
    wait_until(lambda: triggered.watches("RUNNING"))
    (watch,) = triggered.watches("RUNNING")
    triggered.states.stop_execution(executionArn=watch["executionArn"])
    assert triggered.dead_letter()["detail"]["executionArn"] == watch["executionArn"]
    triggered.ring("2026-03-02T00:00:00.000+0000")
    wait_until(lambda: triggered.watches("RUNNING"))
    wait_until(lambda: len(triggered.queue()["requests"]) == 2)
    assert len(triggered.runs()) == before + 1
    triggered.finish()
    triggered.started(before + 2)
    triggered.finish()
    triggered.settle()
    assert len(triggered.runs()) == before + 2


def test_roles_suffice_and_hold_nothing_to_spare(triggered, closure_of):
    closure = closure_of(triggered.cloud)
    assert closure.denied() == set()
    assert {one for one in closure.surplus() if one.role.startswith("Triggers")} == set()
