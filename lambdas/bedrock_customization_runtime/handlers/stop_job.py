"""Stop the job of an execution that was aborted or timed out; EventBridge invokes this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.customization.stop import stop_job_of
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import StopJobOfExecution


@observed
def handler(event: StopJobOfExecution, _context: object) -> dict[str, str | None]:
    """Return the name of the job, None if there is none; the same event again does no harm."""
    return {"job": stop_job_of(aws.bedrock(), aws.stepfunctions(), event["execution_arn"])}
