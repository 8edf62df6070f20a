"""What `Monitoring` defines: alarms with runbooks, rules that match, a topic in reach."""

import json
import re
from pathlib import Path

import pytest
from aws_cdk import App, Duration, Stack, aws_kms as kms, aws_sns as sns
from aws_cdk.assertions import Annotations, Match, Template
from cdk_nag import AwsSolutionsChecks, ServerlessChecks
from moto.events.models import EventPattern

from bedrock_customization import (
    Approval,
    BaseModel,
    CustomizationPipeline,
    CustomizationStack,
    HuggingFaceModel,
    ModelImportPipeline,
    Monitoring,
    ProvisionedThroughput,
)

ROOT = Path(__file__).parents[3]
ALARM, RULE = "AWS::CloudWatch::Alarm", "AWS::Events::Rule"


def stack_with(context, topic=None, **settings):
    """Return a stack with a pipeline that buys throughput, and its monitoring."""
    stack = Stack(App(context=context), "Watched")
    pipeline = CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_LITE,
        deployment=ProvisionedThroughput(ttl=Duration.days(1), max_hourly_cost_usd=110),
    )
    given = topic(stack) if topic else None
    Monitoring(stack, "Monitoring", pipeline=pipeline, topic=given, **settings)
    return stack


@pytest.fixture(scope="module")
def stack(context):
    return stack_with(context)


@pytest.fixture(scope="module")
def template(stack):
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def alarms(template):
    return [one["Properties"] for one in template.find_resources(ALARM).values()]


def pages_of(alarms):
    return {one["AlarmDescription"].partition("Runbook: ")[2] for one in alarms}


def test_each_alarm_names_a_runbook_tells_somebody_and_knows_what_missing_data_mean(alarms):
    assert len(alarms) >= 12
    for one in alarms:
        assert one["TreatMissingData"] == "notBreaching"
        assert one["AlarmActions"]
    runbooks = {str(path.relative_to(ROOT)) for path in (ROOT / "docs/runbooks").glob("*.md")}
    assert pages_of(alarms) == runbooks


def test_the_page_on_operations_lists_each_alarm(context):
    stack = Stack(App(context=context), "Watched")
    pipeline = CustomizationPipeline(stack, "P", base_model=BaseModel.NOVA_MICRO)
    monitoring = Monitoring(stack, "M", pipeline=pipeline)
    page = (ROOT / "docs" / "operations.md").read_text()
    for name in monitoring.alarms:
        assert f"`{name}`" in page


def test_a_pipeline_that_imports_has_neither_alarms_nor_graphs_of_jobs(context):
    stack = Stack(App(context=context), "Watched")
    pipeline = ModelImportPipeline(
        stack,
        "Import",
        base_model=BaseModel.NOVA_MICRO,
        model=HuggingFaceModel(repo="ours/model", revision="0" * 40),
    )
    monitoring = Monitoring(stack, "Monitoring", pipeline=pipeline)
    assert {"RunFailed", "ScoreRegressed"} <= monitoring.alarms.keys()
    assert not {"JobStalled", "JobTooOld"} & monitoring.alarms.keys()
    assert "JobAge" not in json.dumps(Template.from_stack(stack).to_json())


def test_errors_of_what_people_ask_are_watched_for_no_run_waits_for_them(context):
    stack = Stack(App(context=context), "Watched")
    pipeline = CustomizationPipeline(
        stack, "P", base_model=BaseModel.NOVA_MICRO, approval=Approval()
    )
    Monitoring(stack, "Monitoring", pipeline=pipeline)
    (errors,) = (
        one["Properties"]
        for one in Template.from_stack(stack).find_resources(ALARM).values()
        if "function-errors" in one["Properties"]["AlarmDescription"]
    )
    text = json.dumps(errors)
    assert "CleanUp" in text
    assert "Decide" in text
    assert "Record" not in text


def test_an_alarm_takes_ten_metrics_at_most(alarms):
    for one in alarms:
        metrics = [each for each in one.get("Metrics", []) if "MetricStat" in each]
        assert len(metrics) <= 10


def test_a_copy_of_the_runbooks_can_be_named(context):
    template = Template.from_stack(stack_with(context, runbooks="https://wiki.example.com/tuning"))
    found = [one["Properties"] for one in template.find_resources(ALARM).values()]
    assert all(
        "Runbook: https://wiki.example.com/tuning/" in one["AlarmDescription"] for one in found
    )


def test_a_pipeline_without_monitoring_has_neither_alarms_nor_a_dashboard(deployable_stack):
    default = Template.from_stack(deployable_stack)
    for kind in (ALARM, "AWS::CloudWatch::Dashboard"):
        default.resource_count_is(kind, 0)


def test_the_deployable_app_takes_it_by_context(context):
    given = {
        **context,
        "bedrock_customization:baseModel": "amazon.nova-micro-v1:0:128k",
        "bedrock_customization:monitoring": "true",
    }
    stack = CustomizationStack.from_context(App(context=given), "Stack")
    Template.from_stack(stack).resource_count_is("AWS::CloudWatch::Dashboard", 1)
    wrong = {**given, "bedrock_customization:monitoring": "maybe"}
    with pytest.raises(ValueError, match="must be true or false, got maybe"):
        CustomizationStack.from_context(App(context=wrong), "Stack")


@pytest.mark.parametrize("checks", [AwsSolutionsChecks, ServerlessChecks])
def test_the_rules_of_cdk_nag_find_nothing(stack, checks):
    assert not checks(stack).validate_scope(stack).violations


def test_how_runs_ended_goes_to_another_topic_too_but_not_twice_to_the_pipelines_own(context):
    def rules(topic):
        template = Template.from_stack(stack_with(context, topic))
        return [
            json.dumps(one["Properties"]["Targets"])
            for name, one in template.find_resources(RULE).items()
            if "EndedRuns" in name
        ]

    assert rules(lambda stack: stack.node.find_child("Pipeline").topic) == []
    (targets,) = rules(lambda stack: sns.Topic(stack, "Another", enforce_ssl=True))
    assert "Another" in targets
    assert "/v2/executions/details/" in targets


def statements(resource, document):
    return [
        (statement["Principal"]["Service"], statement)
        for statement in resource["Properties"][document]["Statement"]
        if isinstance(statement["Principal"], dict) and "Service" in statement["Principal"]
    ]


def test_every_publisher_reaches_the_encrypted_topic(template):
    ((_, policy),) = template.find_resources("AWS::SNS::TopicPolicy").items()
    on_topic = dict(statements(policy, "PolicyDocument"))
    (key,) = (
        one
        for one in template.find_resources("AWS::KMS::Key").values()
        if one["Properties"]["Description"].startswith("Notifications")
    )
    on_key = dict(statements(key, "KeyPolicy"))
    for found in (on_topic, on_key):
        assert found.keys() == {"cloudwatch.amazonaws.com", "events.amazonaws.com"}
        # EventBridge sends a key neither: with a condition, each message would be dropped.
        assert "Condition" not in found["events.amazonaws.com"]
        conditions = found["cloudwatch.amazonaws.com"]["Condition"]
        assert conditions["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        assert "aws:SourceArn" in conditions["ArnLike"]


def test_no_condition_of_a_policy_is_empty_or_ends_before_a_name(template):
    text = json.dumps(template.to_json())
    for values in re.findall(r'"(?:aws|kms|s3):[A-Za-z]+": ("[^"]*")', text):
        assert json.loads(values)
        assert not json.loads(values).endswith(":")


def literal(value):
    """Return what stands in a template with the names of resources in place of their ARNs."""
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return name
        case dict():
            return {key: literal(one) for key, one in value.items()}
        case list():
            return [literal(one) for one in value]
    return value


def name_in(names, part):
    (found,) = (one for one in names if part in one)
    return found


def test_the_events_of_aws_match_the_rules_that_are_meant_and_no_others(template):
    """AWS's sample events, with the names of this stack's resources in them."""
    rules = {
        name: EventPattern(None, literal(one["Properties"]["EventPattern"]))
        for name, one in template.find_resources(RULE).items()
        if "EventPattern" in one["Properties"]
    }
    machine = next(iter(template.find_resources("AWS::StepFunctions::StateMachine")))
    key = name_in(template.find_resources("AWS::KMS::Key"), "StorageKey")
    status = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change"}
    trail = {"source": "aws.kms", "detail-type": "AWS API Call via CloudTrail"}
    bedrock = {
        "source": "aws.bedrock",
        "detail-type": "Model Customization Job State Change",
        "detail": {"jobStatus": "Failed", "jobArn": "arn:aws:bedrock:us-east-1:1:job/a"},
    }

    def ended(how, of=machine):
        return {**status, "detail": {"status": how, "stateMachineArn": of}}

    def asked(name, arn=key):
        detail = {"eventSource": "kms.amazonaws.com", "eventName": name}
        # moto looks into objects only, EventBridge into the objects of a list, too: one is as good.
        return {**trail, "detail": {**detail, "resources": {"ARN": arn}}}

    meant = [
        *((ended(how), {"RunCleanupEnded"}) for how in ("FAILED", "TIMED_OUT", "ABORTED")),
        *((ended(how), set()) for how in ("RUNNING", "SUCCEEDED")),
        (ended("FAILED", "another"), set()),
        *((asked(name), {"LostKeys"}) for name in ("DisableKey", "ScheduleKeyDeletion")),
        (asked("Decrypt"), set()),
        (asked("DisableKey", "another"), set()),
        (bedrock, set()),
    ]
    for event, expected in meant:
        found = {name for name, pattern in rules.items() if pattern.matches_event(event)}
        assert len(found) == len(expected), event
        assert all(any(part in name for name in found) for part in expected), event


def test_what_tells_people_has_a_queue_of_dead_letters(template):
    for one in template.find_resources(RULE).values():
        for target in one["Properties"]["Targets"]:
            assert "DeadLetterConfig" in target


def test_every_part_is_traced(template):
    template.all_resources_properties(
        "AWS::StepFunctions::StateMachine", {"TracingConfiguration": {"Enabled": True}}
    )
    for one in template.find_resources("AWS::Lambda::Function").values():
        assert one["Properties"]["TracingConfig"] == {"Mode": "Active"}
        assert one["Properties"]["LoggingConfig"]["LogFormat"] == "JSON"


def test_a_topic_of_its_own_hears_of_both(context):
    stack = stack_with(context, topic=lambda stack: sns.Topic(stack, "OnCall"))
    template = Template.from_stack(stack)
    (failed,) = (
        one["Properties"]
        for one in template.find_resources(ALARM).values()
        if "notifications-failed" in one["Properties"]["AlarmDescription"]
    )
    watched = [one for one in failed["Metrics"] if "MetricStat" in one]
    assert len(watched) == 2


@pytest.mark.parametrize(
    "topic",
    [
        lambda stack: sns.Topic.from_topic_arn(
            stack, "Theirs", "arn:aws:sns:us-east-1:123456789012:theirs"
        ),
        lambda stack: sns.Topic(
            stack,
            "Own",
            master_key=kms.Key.from_key_arn(
                stack, "Key", "arn:aws:kms:us-east-1:123456789012:key/a-b"
            ),
        ),
    ],
    ids=["topic", "key"],
)
def test_what_is_imported_is_left_to_its_owner_with_a_warning(context, topic):
    stack = stack_with(context, topic=topic)
    Annotations.from_stack(stack).has_warning(
        "/Watched/Monitoring",
        Match.string_like_regexp("let cloudwatch.amazonaws.com publish to it"),
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_daily_cost_usd": -1}, "max_daily_cost_usd must be a number from 0"),
        ({"longest_idle_throughput": Duration.days(8)}, "longest_idle_throughput .hours. must be"),
    ],
)
def test_arguments_out_of_range_are_refused(context, settings, message):
    with pytest.raises(ValueError, match=message):
        stack_with(context, **settings)
