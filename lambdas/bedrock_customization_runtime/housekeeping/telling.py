"""Telling of a round: its report in S3, its counts in CloudWatch, a message of what is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.contract import METRIC_NAMESPACE, HousekeepingMetric
from bedrock_customization_runtime.housekeeping.findings import FindingKind, HousekeepingReport
from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

_JSON = "application/json"
_MOST_LINES = 12
"""Of a message: what chats take is a few kilobytes."""


def keep(s3: S3Client, artifacts_bucket: str, report: HousekeepingReport) -> str:
    """Write a report, and return its S3 URI.

    `latest.json` is that of the last round; one that found something is kept under its time.

    Args:
        s3: Client.
        artifacts_bucket: Name.
        report: Of the round.
    """
    folder = folder_of(artifacts_bucket, report.pipeline)
    body = msgspec.json.format(msgspec.json.encode(report), indent=2)
    latest = f"{folder}latest.json"
    objects.write(s3, latest, body, _JSON)
    if not report.findings and not report.unseen:
        return latest
    uri = f"{folder}{report.looked.replace(':', '').replace('+0000', 'Z')}.json"
    objects.write(s3, uri, body, _JSON)
    return uri


def last(s3: S3Client, artifacts_bucket: str, pipeline: str) -> HousekeepingReport | None:
    """Return the report of the last round; None before the first, or of another version's."""
    found = objects.read_version(s3, f"{folder_of(artifacts_bucket, pipeline)}latest.json")
    if found is None:
        return None
    try:
        return msgspec.json.decode(found.body, type=HousekeepingReport)
    except msgspec.MsgspecError:
        return None


def folder_of(artifacts_bucket: str, pipeline: str) -> str:
    """Return the S3 URI prefix of a pipeline's reports, with a trailing slash."""
    return f"s3://{artifacts_bucket}/housekeeping/{pipeline}/"


def count(cloudwatch: CloudWatchClient, report: HousekeepingReport) -> None:
    """Publish how much was found, removed and not removed.

    Args:
        cloudwatch: Client.
        report: Of the round.
    """
    idle = sum(finding.kind is FindingKind.IDLE_THROUGHPUT for finding in report.findings)
    values = {
        HousekeepingMetric.FOUND: len(report.findings),
        HousekeepingMetric.REMOVED: len(report.of_outcome("removed")),
        HousekeepingMetric.FAILED: len(report.of_outcome("failed")) + len(report.unseen),
        HousekeepingMetric.IDLE_THROUGHPUTS: idle,
    }
    data: list[MetricDatumTypeDef] = [
        {
            "MetricName": metric.value,
            "Value": float(value),
            "Unit": "Count",
            "Dimensions": [{"Name": "Pipeline", "Value": report.pipeline}],
        }
        for metric, value in values.items()
    ]
    cloudwatch.put_metric_data(Namespace=METRIC_NAMESPACE, MetricData=data)


def notify(
    sns: SNSClient,
    topic_arn: str,
    report: HousekeepingReport,
    *,
    uri: str,
    before: HousekeepingReport | None,
) -> None:
    """Tell people what was removed, and what could not be, once.

    What keeps failing is told of by the metric, not every half an hour.

    Args:
        sns: Client.
        topic_arn: Where people hear of it.
        report: Of the round.
        uri: Of the report.
        before: The round before this one.
    """
    known = {finding.resource for finding in before.of_outcome("failed")} if before else set()
    removed = report.of_outcome("removed")
    failed = [one for one in report.of_outcome("failed") if one.resource not in known]
    if not removed and not failed:
        return
    lines = [f"{one.kind} {one.resource}: {one.reason}" for one in removed]
    lines += [f"NOT removed ({one.error}): {one.kind} {one.resource}" for one in failed]
    more = len(lines) - _MOST_LINES
    if more > 0:
        lines = [*lines[:_MOST_LINES], f"and {more} more"]
    failures = f", {len(failed)} could not be" if failed else ""
    sns.publish(
        TopicArn=topic_arn,
        Subject=f"Housekeeping: {len(removed)} removed{failures}",
        Message="\n".join([f"Pipeline {report.pipeline}:", *lines, f"Report: {uri}"]),
    )
