"""Delete provisioned throughput whose time is over; EventBridge invokes this by the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.deployment import throughput_expiry
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import ExpireThroughputsInput, RemovedDeployments


@observed
def handler(event: ExpireThroughputsInput, _context: object) -> RemovedDeployments:
    """Return the ARNs of what was deleted; the same event again does no harm."""
    removed = throughput_expiry.expire(
        aws.bedrock(), aws.ssm(), aws.sns(), aws.cloudwatch(), event, now=datetime.now(UTC)
    )
    return {"removed": removed}
