"""Deletes provisioned throughput when its time is over, and says so to whoever is concerned.

The end is a tag of the throughput, so it holds whatever became of the run, and whoever wants to
keep a throughput for longer writes the tag anew.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_runtime import times
from bedrock_customization_runtime.contract import (
    EXPIRY_TAG,
    NOTICE_TAG,
    PIPELINE_TAG,
    DeploymentKind,
)
from bedrock_customization_runtime.contract.monitoring import RunMetric
from bedrock_customization_runtime.deployment import removal
from bedrock_customization_runtime.promotion import alias
from bedrock_customization_runtime.telemetry import emit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient

    from bedrock_customization_runtime.contract import ExpireThroughputsInput

logger = logging.getLogger(__name__)

NOTICE = timedelta(days=1)
"""So long before its end people are told of what is live."""
IDLE = timedelta(hours=1)
"""A throughput that nobody has invoked for so long counts as idle."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Throughput:
    """A throughput of the pipeline's."""

    arn: str
    status: str
    units: int
    expires: datetime
    tags: Mapping[str, str]

    @property
    def is_announced(self) -> bool:
        """Whether people were told of this end."""
        return self.tags.get(NOTICE_TAG) == self.tags[EXPIRY_TAG]


def expire(
    bedrock: BedrockClient,
    ssm: SSMClient,
    sns: SNSClient,
    cloudwatch: CloudWatchClient,
    event: ExpireThroughputsInput,
    *,
    now: datetime,
) -> list[str]:
    """Delete the pipeline's throughputs whose time is over.

    What the alias names is taken from it first: consumers then find no parameter, not an ARN that
    nothing answers to. An alias that names a throughput which is gone is taken away likewise.

    Args:
        bedrock: Client.
        ssm: Client.
        sns: Client.
        cloudwatch: Client; tells which throughputs are invoked.
        event: Whose throughputs, and who is told.
        now: Time of day.

    Returns:
        ARNs of what was deleted. What is still being created is left for the next time.
    """
    found = list(_throughputs_of(bedrock, event["pipeline"]))
    # First: what cannot be deleted must show in the metrics.
    _measure(cloudwatch, found, now)
    live = alias.value_of(ssm, event["alias_parameter"])
    deleted = []
    for one in found:
        if now >= one.expires:
            if one.status in {"Creating", "Updating"}:
                continue
            _forget(ssm, event, one.arn)
            bedrock.delete_provisioned_model_throughput(provisionedModelId=one.arn)
            deleted.append(one.arn)
            if one.arn == live:
                _tell(sns, event, "is deleted: its time is over", _ENDED.format(arn=one.arn))
        elif one.arn == live and now >= one.expires - NOTICE and not one.is_announced:
            until = times.iso(one.expires)
            _tell(sns, event, f"ends {until}", _ENDS.format(arn=one.arn, until=until))
            bedrock.tag_resource(
                resourceARN=one.arn, tags=[{"key": NOTICE_TAG, "value": one.tags[EXPIRY_TAG]}]
            )
    _forget_what_is_gone(bedrock, ssm, event)
    return deleted


_ENDS = (
    "{arn} is live and is deleted at {until}, and the alias with it. Promote another model, or "
    f"give the throughput the tag {EXPIRY_TAG} with a later time."
)
_ENDED = (
    "{arn} was live until now and is deleted: its ttl is over. The alias is gone until the next "
    "promotion."
)


def end_of(tags: Mapping[str, str]) -> datetime | None:
    """Return when a throughput ends, by its tags; None if they do not say, or not in ISO 8601."""
    try:
        return datetime.fromisoformat(tags[EXPIRY_TAG]).astimezone(UTC)
    except (KeyError, ValueError):
        return None


def forget(ssm: SSMClient, arn: str, parameters: Iterable[str]) -> None:
    """Delete those of some parameters that name an ARN: what it names goes next."""
    for parameter in parameters:
        if alias.value_of(ssm, parameter) == arn:
            ssm.delete_parameter(Name=parameter)


def _throughputs_of(bedrock: BedrockClient, pipeline: str) -> Iterator[_Throughput]:
    pages = bedrock.get_paginator("list_provisioned_model_throughputs").paginate()
    for summary in (one for page in pages for one in page["provisionedModelSummaries"]):
        arn = summary["provisionedModelArn"]
        listed = bedrock.list_tags_for_resource(resourceARN=arn)["tags"]
        tags = {tag["key"]: tag["value"] for tag in listed}
        ends = end_of(tags)
        if tags.get(PIPELINE_TAG) == pipeline and ends is not None:
            yield _Throughput(
                arn=arn,
                status=summary["status"],
                units=summary["modelUnits"],
                expires=ends,
                tags=tags,
            )


def _measure(cloudwatch: CloudWatchClient, billed: Sequence[_Throughput], now: datetime) -> None:
    idle = (one.units for one in billed if _is_idle(cloudwatch, one.arn, now))
    overdue = ((now - one.expires).total_seconds() for one in billed)
    emit(RunMetric.MODEL_UNITS, sum(one.units for one in billed))
    emit(RunMetric.IDLE_MODEL_UNITS, sum(idle))
    emit(RunMetric.THROUGHPUT_OVERDUE, max((0.0, *overdue)))


def _is_idle(cloudwatch: CloudWatchClient, arn: str, now: datetime) -> bool:
    """Tell whether nobody has invoked a throughput lately; not so where CloudWatch cannot tell."""
    try:
        found = cloudwatch.get_metric_statistics(
            Namespace="AWS/Bedrock",
            MetricName="Invocations",
            Dimensions=[{"Name": "ModelId", "Value": arn}],
            StartTime=now - IDLE,
            EndTime=now,
            Period=int(IDLE.total_seconds()),
            Statistics=["Sum"],
        )
    except (BotoCoreError, ClientError) as error:
        # A metric must not keep a throughput from being deleted.
        logger.warning("nobody knows whether %s is invoked: %s", arn, type(error).__name__)
        return False
    return not any(point["Sum"] for point in found["Datapoints"])


def _forget(ssm: SSMClient, event: ExpireThroughputsInput, arn: str) -> None:
    forget(ssm, arn, (event["alias_parameter"], event["previous_parameter"]))


def _forget_what_is_gone(
    bedrock: BedrockClient, ssm: SSMClient, event: ExpireThroughputsInput
) -> None:
    """Take away what a promotion wrote while its throughput was deleted, or somebody deleted it."""
    kind = DeploymentKind.PROVISIONED_THROUGHPUT
    live = alias.value_of(ssm, event["alias_parameter"])
    if live and removal.kind_of(live) is kind and removal.find(bedrock, kind, live) is None:
        _forget(ssm, event, live)


def _tell(sns: SNSClient, event: ExpireThroughputsInput, what: str, message: str) -> None:
    sns.publish(
        TopicArn=event["topic_arn"],
        Subject=f"Provisioned throughput {what}",
        Message=f"Pipeline {event['pipeline']}: {message}",
    )
