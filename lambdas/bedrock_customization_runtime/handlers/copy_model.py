"""Lambda function of the states around the copy of a custom model, each a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws, model_copy
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import CopiedModel, CopyModelInput


@observed
def handler(event: CopyModelInput, _context: object) -> CopiedModel | None:
    """Do one step; each may be repeated.

    Raises:
        CopyFailed: The Region takes no such copies, or the model is of another base model.
        QuotaExhausted: The account has no room for the copy, or no model units.
    """
    match event["step"]:
        case "check":
            model_copy.check(aws.bedrock(), aws.s3(), aws.service_quotas(), event)
            return None
        case "record":
            return model_copy.record(aws.bedrock(), aws.s3(), event)
