"""Alarms of the embedded CloudWatch: when they change, and whom their news reaches."""

import json
from datetime import UTC, datetime, timedelta

import pytest

NAMESPACE = "Ours"


@pytest.fixture(scope="module")
def cloud(start_cloud):
    with start_cloud() as cloud:
        yield cloud


@pytest.fixture
def alarm(cloud, request):
    """Define an alarm on a metric of the test's own, and return how to ask for its state."""
    client, metric = cloud.client("cloudwatch"), request.node.name

    def define(**settings):
        given = {
            "Namespace": NAMESPACE,
            "MetricName": metric,
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            **settings,
        }
        client.put_metric_alarm(AlarmName=metric, **given)

        def state(*, later=timedelta()):
            cloud.alarms.evaluate(datetime.now(UTC) + later)
            (found,) = client.describe_alarms(AlarmNames=[metric])["MetricAlarms"]
            return found["StateValue"]

        return state

    yield define
    client.delete_alarms(AlarmNames=[metric])


@pytest.fixture
def put(cloud, request):
    """Put a value of the test's metric."""
    return lambda value: cloud.metrics.put(NAMESPACE, request.node.name, value, {})


def test_an_alarm_changes_with_its_metric_and_back(alarm, put):
    state = alarm(TreatMissingData="notBreaching")
    assert state() == "OK"
    put(1)
    assert state() == "ALARM"
    assert state(later=timedelta(minutes=6)) == "OK"


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("missing", "INSUFFICIENT_DATA"), ("breaching", "ALARM"), ("notBreaching", "OK")],
)
def test_missing_data_mean_what_the_alarm_says(missing, expected, alarm):
    assert alarm(TreatMissingData=missing)() == expected


def test_missing_data_that_are_ignored_change_nothing(alarm, put):
    state = alarm(TreatMissingData="ignore")
    put(1)
    assert state() == "ALARM"
    assert state(later=timedelta(hours=1)) == "ALARM"


def test_some_of_the_last_periods_are_enough_where_the_alarm_says_so(alarm, put):
    state = alarm(EvaluationPeriods=3, DatapointsToAlarm=1, TreatMissingData="notBreaching")
    put(1)
    assert state(later=timedelta(minutes=12)) == "ALARM"
    assert state(later=timedelta(minutes=16)) == "OK"


@pytest.mark.parametrize(
    ("statistic", "threshold", "expected"),
    [("Sum", 4, "ALARM"), ("Average", 3, "OK"), ("Minimum", 2, "OK"), ("Maximum", 3, "ALARM")],
)
def test_a_statistic_is_of_all_values_of_a_period(statistic, threshold, expected, alarm, put):
    state = alarm(Statistic=statistic, Threshold=threshold, TreatMissingData="notBreaching")
    put(1)
    put(3)
    assert state() == expected


def test_metric_math_adds_up_what_there_is(cloud):
    def query(number, name):
        metric = {"Namespace": NAMESPACE, "MetricName": name}
        stat = {"Metric": metric, "Period": 300, "Stat": "Sum"}
        return {"Id": f"m{number}", "MetricStat": stat, "ReturnData": False}

    client, name = cloud.client("cloudwatch"), "math"
    client.put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=1,
        Threshold=3,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        Metrics=[
            {"Id": "sum", "Expression": "SUM(METRICS())", "ReturnData": True},
            *(query(number, part) for number, part in enumerate(("one", "two", "none"))),
        ],
    )
    for part, value in (("one", 1), ("two", 2)):
        cloud.metrics.put(NAMESPACE, part, value, {})
    assert [one.state for one in cloud.alarms.evaluate() if one.name == name] == ["ALARM"]
    client.delete_alarms(AlarmNames=[name])


def test_metrics_in_a_line_of_a_log_are_kept_and_other_lines_pass_by(cloud):
    line = {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Stage"]],
                    "Metrics": [{"Name": "Time", "Unit": "Seconds"}],
                }
            ]
        },
        "Stage": "plan",
        "Time": 3,
    }
    cloud.metrics.read(json.dumps(line))
    cloud.metrics.read('no JSON, though it says "_aws"')
    assert (NAMESPACE, "Time", frozenset({("Stage", "plan")})) in cloud.metrics.known()


def topic_of(cloud, name, *, on_topic, on_key):
    """Make an encrypted topic whose policies hold some statements for a service."""
    account = {"AWS": f"arn:aws:iam::{cloud.account_id}:root"}
    whole = {"Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [whole, *on_key]}
    key = cloud.client("kms").create_key(Policy=json.dumps(document))["KeyMetadata"]["Arn"]
    sns = cloud.client("sns")
    arn = sns.create_topic(Name=name, Attributes={"KmsMasterKeyId": key})["TopicArn"]
    document = {
        "Version": "2012-10-17",
        "Statement": [{**one, "Resource": arn} for one in on_topic],
    }
    sns.set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(document)
    )
    return arn


def allowing(service, action, condition=None):
    """Write a statement."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": "*",
    }
    return {**statement, "Condition": condition} if condition else statement


KEY = ["kms:Decrypt", "kms:GenerateDataKey*"]
HERE = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
ELSEWHERE = {"StringEquals": {"aws:SourceAccount": "999999999999"}}
CLOUDWATCH, EVENTS = "cloudwatch.amazonaws.com", "events.amazonaws.com"


@pytest.mark.parametrize(
    ("on_topic", "on_key", "reaches"),
    [
        ([allowing(CLOUDWATCH, "sns:Publish", HERE)], [allowing(CLOUDWATCH, KEY, HERE)], True),
        ([], [allowing(CLOUDWATCH, KEY, HERE)], False),
        ([allowing(CLOUDWATCH, "sns:Publish", HERE)], [], False),
        ([allowing(CLOUDWATCH, "sns:Publish", ELSEWHERE)], [allowing(CLOUDWATCH, KEY)], False),
    ],
    ids=["both", "no topic policy", "no key policy", "another account"],
)
def test_an_alarm_reaches_a_topic_that_lets_cloudwatch_publish(
    on_topic, on_key, reaches, cloud, alarm, put, request
):
    name = f"topic-{request.node.callspec.id.replace(' ', '-')}"
    topic = topic_of(cloud, name, on_topic=on_topic, on_key=on_key)
    alarm(AlarmActions=[topic], TreatMissingData="notBreaching")
    put(1)
    (change,) = (one for one in cloud.alarms.evaluate() if one.name == request.node.name)
    assert (change.state, bool(change.undelivered)) == ("ALARM", not reaches)


@pytest.mark.parametrize(
    ("on_key", "reaches"),
    [([allowing(EVENTS, KEY)], True), ([allowing(EVENTS, KEY, HERE)], False)],
    ids=["without a condition", "with one"],
)
def test_an_event_reaches_a_topic_whose_key_asks_for_no_source(on_key, reaches, cloud, request):
    """EventBridge gives a key no aws:SourceAccount, so a condition on it drops every message."""
    case = request.node.callspec.id.replace(" ", "-")
    topic = topic_of(cloud, case, on_topic=[allowing(EVENTS, "sns:Publish")], on_key=on_key)
    events, sqs = cloud.client("events"), cloud.client("sqs")
    names = {"told": f"{case}-told", "dead": f"{case}-dead"}
    urls = {key: sqs.create_queue(QueueName=name)["QueueUrl"] for key, name in names.items()}
    arn = f"arn:aws:sqs:us-east-1:{cloud.account_id}:"
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn + names["told"])
    events.put_rule(Name=case, EventPattern=json.dumps({"source": [case]}))
    target = {"Id": "topic", "Arn": topic, "DeadLetterConfig": {"Arn": arn + names["dead"]}}
    events.put_targets(Rule=case, Targets=[target])
    events.put_events(Entries=[{"Source": case, "DetailType": "Change", "Detail": "{}"}])
    found = {key: sqs.receive_message(QueueUrl=url).get("Messages") for key, url in urls.items()}
    assert bool(found["told"]) is reaches
    assert bool(found["dead"]) is not reaches
    failed = ("AWS/Events", "FailedInvocations", frozenset({("RuleName", case)}))
    assert (failed in cloud.metrics.known()) is not reaches
