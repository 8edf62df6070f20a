"""Hold the evaluation against the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import aws, manifest, promotion, times

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import DecidePromotionInput, Decision


def handler(event: DecidePromotionInput, _context: object) -> Decision:
    """Return what later states call `$decision`."""
    decision = promotion.decide(event["evaluation"], event["gate"])
    section = manifest.DecisionSection(
        promote=decision["promote"],
        reasons=decision["reasons"],
        minimum_improvement=event["gate"]["minimum_improvement"],
        decided=times.now(),
    )
    manifest.update(
        aws.s3(), event["run"]["manifest"], lambda found: replace(found, decision=section)
    )
    return decision
