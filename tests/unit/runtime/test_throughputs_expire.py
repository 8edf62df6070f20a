"""Provisioned throughput at the end of its time. Bedrock and SNS are a few lines here."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.contract import EXPIRY_TAG, NOTICE_TAG, PIPELINE_TAG
from bedrock_customization_runtime.deployment import throughput_expiry
from bedrock_customization_runtime.handlers import expire_throughputs

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PREFIX = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model"
EVENT = {
    "pipeline": "Tuning",
    "alias_parameter": "alias",
    "previous_parameter": "alias-previous",
    "topic_arn": "arn:topic",
}


class Bedrock:
    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self):
        self.statuses, self.tags = {}, {}

    def buy(self, name, *, hours, pipeline="Tuning", status="InService"):
        arn = f"{PREFIX}/{name}"
        self.statuses[arn] = status
        # As Step Functions writes it.
        end = (NOW + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        self.tags[arn] = {PIPELINE_TAG: pipeline, EXPIRY_TAG: end}
        return arn

    def get_paginator(self, operation):
        assert operation == "list_provisioned_model_throughputs"
        return self

    def paginate(self):
        yield {
            "provisionedModelSummaries": [
                {"provisionedModelArn": arn, "status": status, "modelUnits": 1}
                for arn, status in self.statuses.items()
            ]
        }

    def list_tags_for_resource(self, *, resourceARN):
        tags = self.tags[resourceARN]
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def tag_resource(self, *, resourceARN, tags):
        self.tags[resourceARN] |= {tag["key"]: tag["value"] for tag in tags}

    def get_provisioned_model_throughput(self, *, provisionedModelId):
        if provisionedModelId not in self.statuses:
            raise self.exceptions.ResourceNotFoundException
        return {
            "provisionedModelArn": provisionedModelId,
            "status": self.statuses[provisionedModelId],
        }

    def delete_provisioned_model_throughput(self, *, provisionedModelId):
        del self.statuses[provisionedModelId]


class Sns:
    def __init__(self):
        self.said = []

    def publish(self, *, TopicArn, Subject, Message):
        assert TopicArn == "arn:topic"
        assert len(Subject) <= 100
        self.said.append((Subject, Message))


@pytest.fixture
def parameters(ssm):
    """Write the alias and what it held before, and read them."""

    def write(**values):
        for name, value in values.items():
            ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    yield write
    ssm.delete_parameters(Names=["alias", "alias-previous"])


def names(ssm):
    found = ssm.get_parameters(Names=["alias", "alias-previous"])["Parameters"]
    return {one["Name"]: one["Value"] for one in found}


class CloudWatch:
    def __init__(self, *invoked):
        self.invoked = invoked

    def get_metric_statistics(self, *, Dimensions, **_):
        (model,) = Dimensions
        return {"Datapoints": [{"Sum": 3.0}] if model["Value"] in self.invoked else []}


def expire(bedrock, ssm, sns=None, now=NOW, cloudwatch=None):
    return throughput_expiry.expire(
        bedrock, ssm, sns or Sns(), cloudwatch or CloudWatch(), EVENT, now=now
    )


def test_what_is_over_is_deleted_and_the_rest_stays(ssm):
    bedrock = Bedrock()
    over, stays = bedrock.buy("over", hours=0), bedrock.buy("stays", hours=0.1)
    assert expire(bedrock, ssm) == [over]
    assert set(bedrock.statuses) == {stays}


def test_throughput_of_another_pipeline_or_without_an_end_is_nobodys_business(ssm):
    bedrock = Bedrock()
    bedrock.buy("theirs", hours=-5, pipeline="Other")
    del bedrock.tags[bedrock.buy("by-hand", hours=-5)][EXPIRY_TAG]
    assert expire(bedrock, ssm) == []


def test_what_is_being_made_is_deleted_the_next_time(ssm):
    bedrock = Bedrock()
    arn = bedrock.buy("new", hours=-1, status="Creating")
    assert expire(bedrock, ssm) == []
    bedrock.statuses[arn] = "InService"
    assert expire(bedrock, ssm) == [arn]


def test_the_alias_is_gone_before_what_it_names_and_people_are_told(ssm, parameters):
    bedrock, sns = Bedrock(), Sns()
    live, before = bedrock.buy("live", hours=-1), bedrock.buy("before", hours=-2)
    parameters(**{"alias": live, "alias-previous": before})
    seen = []
    delete = bedrock.delete_provisioned_model_throughput
    bedrock.delete_provisioned_model_throughput = lambda **given: (
        seen.append(set(names(ssm).values()) & set(given.values())),
        delete(**given),
    )
    assert set(expire(bedrock, ssm, sns)) == {live, before}
    assert seen == [set(), set()]
    assert names(ssm) == {}
    ((subject, message),) = sns.said
    assert "is deleted" in subject
    assert live in message


def test_people_are_told_once_a_day_before_and_again_of_another_end(ssm, parameters):
    bedrock, sns = Bedrock(), Sns()
    live = bedrock.buy("live", hours=30)
    parameters(alias=live)
    for hours in (0, 7, 8):
        expire(bedrock, ssm, sns, NOW + timedelta(hours=hours))
    assert [subject for subject, _ in sns.said] == [
        "Provisioned throughput ends 2026-11-24T18:00:00+00:00"
    ]
    assert NOTICE_TAG in bedrock.tags[live]
    bedrock.tags[live][EXPIRY_TAG] = "2026-11-26T00:00:00Z"
    expire(bedrock, ssm, sns, NOW + timedelta(hours=31))
    assert len(sns.said) == 1
    expire(bedrock, ssm, sns, NOW + timedelta(hours=40))
    assert sns.said[-1][0] == "Provisioned throughput ends 2026-11-26T00:00:00+00:00"


def test_nobody_is_told_of_what_is_not_live(ssm, parameters):
    bedrock, sns = Bedrock(), Sns()
    parameters(alias=bedrock.buy("live", hours=100))
    bedrock.buy("candidate", hours=1)
    bedrock.buy("old", hours=-1)
    expire(bedrock, ssm, sns)
    assert sns.said == []


def test_an_alias_that_names_what_somebody_deleted_is_taken_away(ssm, parameters):
    parameters(alias=f"{PREFIX}/gone")
    expire(Bedrock(), ssm)
    assert names(ssm) == {}
    deployment = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"
    parameters(alias=deployment)
    expire(Bedrock(), ssm)
    assert names(ssm) == {"alias": deployment}


@pytest.fixture
def measured(capsys, monkeypatch):
    """Return what an invocation of the handler measures."""

    def measure(bedrock, ssm, cloudwatch):
        clients = {"bedrock": bedrock, "ssm": ssm, "sns": Sns(), "cloudwatch": cloudwatch}
        for name, client in clients.items():
            monkeypatch.setattr(aws, name, lambda client=client: client)
        expire_throughputs.handler(EVENT, None)
        return json.loads(capsys.readouterr().out)

    return measure


def test_units_idle_units_and_the_time_since_the_end_are_measured(ssm, measured):
    bedrock, past = Bedrock(), (datetime.now(UTC) - NOW) / timedelta(hours=1)
    busy = bedrock.buy("busy", hours=past + 24)
    bedrock.buy("idle", hours=past - 2, status="Creating")
    line = measured(bedrock, ssm, CloudWatch(busy))
    assert (line["ModelUnits"], line["IdleModelUnits"]) == (2, 1)
    assert line["ThroughputOverdue"] == pytest.approx(7200, abs=60)


def test_cloudwatch_out_of_reach_keeps_nothing_from_being_deleted(ssm):
    class OutOfReach:
        def get_metric_statistics(self, **_):
            raise ClientError({"Error": {"Code": "Throttling"}}, "GetMetricStatistics")

    bedrock = Bedrock()
    over = bedrock.buy("over", hours=-1)
    assert expire(bedrock, ssm, cloudwatch=OutOfReach()) == [over]
