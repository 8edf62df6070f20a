"""Ask people whether a candidate goes live, and keep what they said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.promotion import approval_steps
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        ApprovalOutcome,
        ConcludeApprovalInput,
        RequestApprovalInput,
    )


@observed
def handler(
    event: RequestApprovalInput | ConcludeApprovalInput, _context: object
) -> ApprovalOutcome | None:
    """Ask, or end the asking and return what later states call `$approval`.

    Raises:
        ManifestConflict: Somebody decided at the same time; the same request fits later.
    """
    if "conclude" in event:
        return approval_steps.conclude(aws.s3(), event)
    approval_steps.ask(aws.s3(), aws.stepfunctions(), aws.sns(), event)
    return None
