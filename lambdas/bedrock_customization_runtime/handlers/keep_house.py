"""Take away what a pipeline's runs left; EventBridge invokes this by the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.housekeeping import rounds, telling
from bedrock_customization_runtime.housekeeping.pipelines import Clients, Limits
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import HousekeepingRecord, KeepHouseInput


class _Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


@observed
def handler(event: KeepHouseInput, context: _Context) -> HousekeepingRecord:
    """Return how much was found and removed; the same event again does no harm."""
    pipeline, s3, cloudwatch = event["pipeline"], aws.s3(), aws.cloudwatch()
    bucket = pipeline["artifacts_bucket"]
    report = rounds.run(
        Clients(
            bedrock=aws.bedrock(),
            cloudwatch=cloudwatch,
            s3=s3,
            ssm=aws.ssm(),
            stepfunctions=aws.stepfunctions(),
        ),
        pipeline,
        Limits.of(event["limits"]),
        now=datetime.now(UTC),
        dry_run=event["dry_run"],
        remaining_ms=context.get_remaining_time_in_millis,
    )
    before = telling.last(s3, bucket, pipeline["name"])
    uri = telling.keep(s3, bucket, report)
    telling.count(cloudwatch, report)
    telling.notify(aws.sns(), event["topic_arn"], report, uri=uri, before=before)
    return {
        "report": uri,
        "found": len(report.findings),
        "removed": len(report.of_outcome("removed")),
        "failed": len(report.of_outcome("failed")),
    }
