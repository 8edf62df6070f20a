"""Point the alias that consumers read at the candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.promotion import candidate
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import Deployment, PromoteModelInput


@observed
def handler(event: PromoteModelInput, _context: object) -> Deployment:
    """Return the deployment that was promoted.

    Raises:
        PromotionConflict: Another run promoted at the same time.
        AliasNotWritten: The parameter does not follow its record yet; the same request fits later.
    """
    return candidate.promote(aws.s3(), aws.ssm(), event)
