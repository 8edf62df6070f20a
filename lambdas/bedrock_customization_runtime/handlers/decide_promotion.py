"""Hold the evaluation against the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import aws, manifest, times
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.promotion import blind_sets, gate
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import DecidePromotionInput, Decision


def handler(event: DecidePromotionInput, _context: object) -> Decision:
    """Return what later states call `$decision`.

    Raises:
        EvaluationFailed: The manifest holds no evaluation.
        ManifestConflict: Others kept writing the record of the blind set.
    """
    run, s3, decided = event["run"], aws.s3(), times.now()
    found = manifest.load(s3, run["manifest"])
    if found.evaluation is None or found.preparation is None:
        raise EvaluationFailed(
            f"{run['manifest']} holds no evaluation, so nothing can be decided: compare the "
            "answers first"
        )
    verdicts = gate.decide(found.evaluation, event["gate"])
    earlier = blind_sets.note(
        s3,
        blind_sets.record_uri(S3Uri.parse(run["artifacts"]).bucket, found.preparation.test.sha256),
        blind_sets.BlindSetDecision(
            run=run["id"], execution_arn=run["execution_arn"], decided=decided
        ),
    )
    section = manifest.DecisionSection(
        promote=gate.passes(verdicts),
        verdicts=verdicts,
        min_improvement=event["gate"]["min_improvement"],
        earlier_decisions=earlier,
        decided=decided,
    )
    manifest.update(s3, run["manifest"], lambda newest: replace(newest, decision=section))
    refused_by = dict.fromkeys(verdict.rule for verdict in verdicts if not verdict.passed)
    return {"promote": section.promote, "refused_by": list(refused_by)}
