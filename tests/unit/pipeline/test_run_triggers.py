"""What `RunTriggers` defines: rules that can match, roles that suffice, nothing that costs idle."""

import json

import pytest
from aws_cdk import (
    App,
    Duration,
    Stack,
    aws_cloudwatch as cloudwatch,
    aws_events as events,
    aws_kms as kms,
    aws_s3 as s3,
)
from aws_cdk.assertions import Annotations, Match, Template
from moto.events.models import EventPattern

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStorage,
    NewData,
    RunTriggers,
)

ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:Drift"


def stack_with(context, *, storage=None, **given):
    stack = Stack(App(context=context), "Triggered")
    pipeline = CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        sharding=None,
        storage=storage(stack) if storage else None,
    )
    RunTriggers(stack, "Triggers", pipeline=pipeline, **given)
    return stack


@pytest.fixture(scope="module")
def stack(context):
    app = App(context=context)
    alarms = Stack(app, "Alarms")
    stack = Stack(app, "Triggered")
    pipeline = CustomizationPipeline(
        stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, sharding=None
    )
    RunTriggers(
        stack,
        "Triggers",
        pipeline=pipeline,
        prefix="tickets/",
        new_data=NewData(suffix=".jsonl", quiet=Duration.minutes(10)),
        schedule=events.Schedule.cron(minute="0", hour="3"),
        alarms=[cloudwatch.Alarm.from_alarm_arn(alarms, "Drift", ALARM)],
    )
    return stack


@pytest.fixture(scope="module")
def triggered(stack):
    return Template.from_stack(stack)


def test_the_data_bucket_alone_tells_eventbridge_and_no_custom_resource_does(triggered):
    telling = triggered.find_resources(
        "AWS::S3::Bucket",
        {
            "Properties": {
                "NotificationConfiguration": {
                    "EventBridgeConfiguration": {"EventBridgeEnabled": True}
                }
            }
        },
    )
    assert [name for name in telling if name.startswith("PipelineStorageData")] == list(telling)
    assert not triggered.find_resources("Custom::S3BucketNotifications")


# As AWS's reference has them.
S3_EVENT = {
    "version": "0",
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {
        "version": "0",
        "bucket": {"name": "data"},
        "object": {"key": "incoming/tickets/1.jsonl", "size": 5, "etag": "b1946ac92492d2347c62"},
        "request-id": "N4N7GDK58NMKJ12R",
        "reason": "PutObject",
    },
}
ALARM_EVENT = {
    "version": "0",
    "source": "aws.cloudwatch",
    "detail-type": "CloudWatch Alarm State Change",
    "resources": [ALARM],
    "detail": {
        "alarmName": "Drift",
        "state": {"value": "ALARM", "timestamp": "2026-01-01T00:00:00.000+0000"},
        "previousState": {"value": "OK", "timestamp": "2025-12-01T00:00:00.000+0000"},
    },
}


def of_key(key):
    return {**S3_EVENT, "detail": {**S3_EVENT["detail"], "object": {"key": key}}}


def of_state(state):
    return {**ALARM_EVENT, "detail": {**ALARM_EVENT["detail"], "state": {"value": state}}}


def of_watch(status):
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"stateMachineArn": "watch", "name": "watch-1", "status": status},
    }


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        (S3_EVENT, "NewData"),
        (of_key("incoming/tickets/deep/2.jsonl"), "NewData"),
        (of_key("incoming/tickets/2.csv"), None),
        (of_key("incoming/others/2.jsonl"), None),
        (of_key("runs/one/prepared/train.jsonl"), None),
        (of_key("scratch/one/incoming/tickets/1.jsonl"), None),
        (ALARM_EVENT, "Alarms"),
        (of_state("OK"), None),
        ({**ALARM_EVENT, "resources": [ALARM + "2"]}, None),
        (of_watch("TIMED_OUT"), "DeadWatches"),
        (of_watch("SUCCEEDED"), None),
    ],
)
def test_each_rule_takes_the_events_that_are_meant_for_it(triggered, event, rule):
    taking = [
        name
        for name, one in triggered.find_resources("AWS::Events::Rule").items()
        if name.startswith("Triggers") and matches(one["Properties"].get("EventPattern"), event)
    ]
    assert [name.removeprefix("Triggers")[:-8] for name in taking] == ([rule] if rule else [])


def matches(pattern, event):
    if pattern is None:
        return False
    if "stateMachineArn" in pattern["detail"]:
        pattern = {**pattern, "detail": {**pattern["detail"], "stateMachineArn": ["watch"]}}
    if "bucket" in pattern["detail"]:
        pattern = {**pattern, "detail": {**pattern["detail"], "bucket": {"name": ["data"]}}}
    return EventPattern.load(json.dumps(pattern)).matches_event(event)


def test_what_cannot_be_delivered_or_noted_is_kept(triggered):
    rules = {
        name: one["Properties"]
        for name, one in triggered.find_resources("AWS::Events::Rule").items()
        if name.startswith("Triggers")
    }
    assert len(rules) == 4
    for name, rule in rules.items():
        (target,) = rule["Targets"]
        if name.startswith("TriggersDeadWatches"):
            assert target["Arn"]["Fn::GetAtt"][0].startswith("TriggersDeadLetters")
            continue
        assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0].startswith("TriggersDeadLetters")
    triggered.has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Handler": Match.string_like_regexp("request_run"),
            "DeadLetterConfig": Match.any_value(),
        },
    )


def test_who_notes_may_start_only_the_watch_and_who_watches_only_the_pipeline(triggered):
    def started_by(role):
        (found,) = (
            one["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
            for name, one in triggered.find_resources("AWS::IAM::Role").items()
            if name.startswith(role)
        )
        return [
            statement["Resource"]["Ref"][:-8]
            for statement in found
            if "states:StartExecution" in statement["Action"]
        ]

    assert started_by("TriggersRequestRole") == ["TriggersStateMachine"]
    assert started_by("TriggersStartRole") == ["PipelineStateMachine"]


def test_nothing_asks_a_queue_or_the_clock_for_work_while_nobody_asks_for_a_run(context):
    template = Template.from_stack(stack_with(context, new_data=NewData()))
    template.resource_count_is("AWS::Lambda::EventSourceMapping", 0)
    scheduled = template.find_resources(
        "AWS::Events::Rule", {"Properties": {"ScheduleExpression": Match.any_value()}}
    )
    assert not [name for name in scheduled if name.startswith("Triggers")]


def test_an_imported_bucket_must_be_made_to_tell(context):
    def storage(stack):
        bucket = s3.Bucket.from_bucket_name(stack, "Theirs", "theirs")
        return CustomizationStorage(
            stack, "Storage", data_bucket=bucket, key=kms.Key(stack, "TheirKey")
        )

    stack = stack_with(context, storage=storage, new_data=NewData())
    Annotations.from_stack(stack).has_warning(
        "*", Match.string_like_regexp("turn on Amazon EventBridge")
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "new_data, schedule or alarms must be given"),
        ({"prefix": "tickets"}, "prefix must be a prefix below incoming/"),
        ({"prefix": "incoming/tickets/"}, "prefix must be a prefix below incoming/"),
        ({"prefix": "/tickets/"}, "prefix must be a prefix below incoming/"),
        ({"prefix": "a*/"}, "prefix must hold neither"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_defined(stack, given, said):
    new_data = {"new_data": NewData()} if given else {}
    with pytest.raises(ValueError, match=said):
        RunTriggers(stack, "Wrong", pipeline=None, **given, **new_data)


def test_new_data_refuse_what_they_cannot_wait_or_look_for():
    with pytest.raises(ValueError, match="quiet must be a number from 60 to 86400, got 30"):
        NewData(quiet=Duration.seconds(30))
    with pytest.raises(ValueError, match="suffix must hold neither"):
        NewData(suffix="*.csv")
    with pytest.raises(ValueError, match="leave it out"):
        NewData(suffix="")


def test_a_pipeline_has_one_queue(stack):
    pipeline = stack.node.find_child("Pipeline")
    with pytest.raises(ValueError, match="got a second one beside Triggered/Triggers"):
        RunTriggers(stack, "Second", pipeline=pipeline, new_data=NewData())
