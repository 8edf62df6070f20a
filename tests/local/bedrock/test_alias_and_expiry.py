"""Consumers' code and the end of provisioned throughput, against Bedrock over HTTP."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from moto.moto_api._internal import moto_api_backend

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.client import ModelAlias, NoLiveModelError
from bedrock_customization_runtime.contract import EXPIRY_TAG, NOTICE_TAG, PIPELINE_TAG
from bedrock_customization_runtime.deployment import throughput_expiry
from bedrock_customization_runtime.handlers import expire_throughputs

BASE = "amazon.nova-micro-v1:0:128k"
ALIAS, PREVIOUS = "/tuned", "/tuned/previous"
QUESTION = "where is my card"


@pytest.fixture
def ssm(cloud):
    yield cloud.client("ssm")
    moto_api_backend.reset()


def point(ssm, name, value):
    ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)


def values(ssm):
    found = ssm.get_parameters(Names=[ALIAS, PREVIOUS])["Parameters"]
    return {one["Name"]: one["Value"] for one in found}


def test_an_alias_answers_with_what_is_live_and_follows_its_parameter(cloud, ssm):
    seconds = 0.0
    tuned = ModelAlias(ssm, ALIAS, refresh_seconds=60, clock=lambda: seconds)
    with pytest.raises(NoLiveModelError, match="/tuned names no model"):
        tuned.model_for("user")
    model = cloud.trained_model()
    first, second = (cloud.deployed(model, name) for name in ("first", "second"))
    asked = []

    def ask():
        def call(arn):
            asked.append(arn)
            return cloud.answer(arn, QUESTION)

        return tuned.ask("user", call)

    point(ssm, ALIAS, first)
    seconds = 60.0
    said = ask()
    point(ssm, ALIAS, second)
    assert ask() == said
    assert asked == [first, first]
    seconds = 120.0
    assert ask() == said
    assert asked[2:] == [second]
    # It is asked for once more where the known one is gone, and read at once.
    point(ssm, ALIAS, first)
    cloud.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=second)
    assert ask() == said
    assert asked[3:] == [second, first]


def test_a_share_of_the_users_is_answered_by_the_new_model(pipeline):
    later = datetime.now(UTC) + timedelta(days=7)
    old, new = (pipeline.buy(name, ends=later) for name in ("old", "new"))
    point(pipeline.ssm, ALIAS, new)
    point(pipeline.ssm, PREVIOUS, old)
    tuned = ModelAlias(pipeline.ssm, ALIAS, live_share=0.5)
    users = [f"user-{number}" for number in range(20)]
    asked = {}

    def ask(user):
        def call(arn):
            asked[user] = arn
            return pipeline.cloud.answer(arn, QUESTION)

        assert tuned.ask(user, call)

    for user in users:
        ask(user)
    assert set(asked.values()) == {old, new}
    assert asked == {user: tuned.model_for(user) for user in users}


class Pipeline:
    """Throughputs of a pipeline, its alias, and who is told of their end."""

    def __init__(self, cloud, ssm):
        self.cloud, self.ssm = cloud, ssm
        topic = cloud.client("sns").create_topic(Name="ends")["TopicArn"]
        self.sqs = cloud.client("sqs")
        self.queue = self.sqs.create_queue(QueueName="told")["QueueUrl"]
        arn = f"arn:aws:sqs:{cloud.region}:123456789012:told"
        cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        self.event = {
            "pipeline": "Tuning",
            "alias_parameter": ALIAS,
            "previous_parameter": PREVIOUS,
            "topic_arn": topic,
        }

    def buy(self, name, *, ends, pipeline="Tuning"):
        tags = {PIPELINE_TAG: pipeline, EXPIRY_TAG: written(ends)}
        arn = self.cloud.bedrock.create_provisioned_model_throughput(
            modelUnits=1,
            provisionedModelName=name,
            modelId=BASE,
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )["provisionedModelArn"]
        self.cloud.until(
            lambda: self.cloud.bedrock.get_provisioned_model_throughput(provisionedModelId=arn),
            lambda found: found["status"] == "InService",
        )
        return arn

    def left(self):
        """Return what still bills by the hour."""
        return {line.resource for line in self.cloud.service.meter.running()}

    def told(self):
        found = self.sqs.receive_message(QueueUrl=self.queue).get("Messages", [])
        return [json.loads(message["Body"])["Subject"] for message in found]


def written(moment):
    """Return a moment as Step Functions writes it into the tag."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.fixture
def pipeline(cloud, ssm):
    return Pipeline(cloud, ssm)


@pytest.fixture
def clients_of_handlers(cloud, monkeypatch):
    """Let the handler make its clients as in Lambda."""
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": cloud.region,
    }.items():
        monkeypatch.setenv(name, value)
    clients = (aws.bedrock, aws.ssm, aws.sns)
    for client in clients:
        client.cache_clear()
    yield
    for client in clients:
        client.cache_clear()


@pytest.mark.usefixtures("clients_of_handlers")
def test_by_the_clock_exactly_what_is_over_is_deleted(pipeline):
    now = datetime.now(UTC)
    over = pipeline.buy("over", ends=now - timedelta(seconds=1))
    lasting = pipeline.buy("lasting", ends=now + timedelta(days=2))
    point(pipeline.ssm, ALIAS, lasting)
    point(pipeline.ssm, PREVIOUS, over)
    assert expire_throughputs.handler(pipeline.event, None) == {"removed": [over]}
    assert pipeline.left() == {lasting}
    assert values(pipeline.ssm) == {ALIAS: lasting}
    assert pipeline.told() == []
    assert expire_throughputs.handler(pipeline.event, None) == {"removed": []}


def test_another_pipelines_throughput_is_left_alone(pipeline):
    now = datetime.now(UTC)
    other = pipeline.buy("other", ends=now - timedelta(days=1), pipeline="Other")
    assert expire(pipeline, now) == []
    assert pipeline.left() == {other}


def test_what_is_live_is_announced_a_day_before_and_goes_with_its_alias(pipeline):
    now = datetime.now(UTC)
    live = pipeline.buy("live", ends=now + timedelta(hours=12))
    point(pipeline.ssm, ALIAS, live)
    assert expire(pipeline, now) == expire(pipeline, now) == []
    end = (now + timedelta(hours=12)).isoformat(timespec="seconds")
    assert pipeline.told() == [f"Provisioned throughput ends {end}"]
    assert expire(pipeline, now + timedelta(hours=13)) == [live]
    assert pipeline.left() == set()
    assert values(pipeline.ssm) == {}
    assert pipeline.told() == ["Provisioned throughput is deleted: its time is over"]


def test_a_later_end_keeps_what_is_live_and_is_announced_anew(pipeline):
    now = datetime.now(UTC)
    live = pipeline.buy("live", ends=now + timedelta(hours=12))
    point(pipeline.ssm, ALIAS, live)
    expire(pipeline, now)
    renewed = [{"key": EXPIRY_TAG, "value": written(now + timedelta(days=7))}]
    pipeline.cloud.bedrock.tag_resource(resourceARN=live, tags=renewed)
    assert expire(pipeline, now + timedelta(days=1)) == []
    assert pipeline.left() == {live}
    assert len(pipeline.told()) == 1
    assert expire(pipeline, now + timedelta(days=6, hours=12)) == []
    assert len(pipeline.told()) == 1
    tags = pipeline.cloud.bedrock.list_tags_for_resource(resourceARN=live)["tags"]
    assert {"key": NOTICE_TAG, "value": renewed[0]["value"]} in tags


def test_an_alias_without_its_throughput_is_taken_away(pipeline):
    now = datetime.now(UTC)
    live = pipeline.buy("live", ends=now + timedelta(days=7))
    point(pipeline.ssm, ALIAS, live)
    pipeline.cloud.bedrock.delete_provisioned_model_throughput(provisionedModelId=live)
    assert expire(pipeline, now) == []
    assert values(pipeline.ssm) == {}


def expire(pipeline, now):
    client = pipeline.cloud.client
    return throughput_expiry.expire(
        pipeline.cloud.bedrock,
        *(client(name) for name in ("ssm", "sns", "cloudwatch")),
        pipeline.event,
        now=now,
    )
