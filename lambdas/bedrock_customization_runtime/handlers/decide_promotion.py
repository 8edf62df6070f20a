"""Hold the evaluation against the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.promotion import decision
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import DecidePromotionInput, Decision


@observed
def handler(event: DecidePromotionInput, _context: object) -> Decision:
    """Return what later states call `$decision`.

    Raises:
        EvaluationFailed: The manifest holds no evaluation.
        ManifestConflict: Others kept writing the record of the blind set.
    """
    return decision.decide(aws.s3(), event)
