"""The decision about a candidate: its evaluation held against the gate, and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import manifest, times
from bedrock_customization_runtime.contract import GateRule
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.promotion import blind_sets, gate
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import DecidePromotionInput, Decision, Gate

_ELSEWHERE = manifest.RuleVerdict(
    rule=GateRule.DECIDED_ELSEWHERE,
    passed=True,
    reason="a copy is evaluated and gated where the model was customized; who started this run "
    "decided for it",
)


def decide(s3: S3Client, event: DecidePromotionInput) -> Decision:
    """Return what later states call `$decision`.

    A copy was evaluated and held against the gate where the model was customized: who starts a run
    that copies it has decided for it, so nothing is held against it again.

    Raises:
        EvaluationFailed: The manifest holds no evaluation.
        ManifestConflict: Others kept writing the record of the blind set.
    """
    run, decided = event["run"], times.now()
    found = manifest.load(s3, run["manifest"])
    if found.model_copy is not None:
        return _keep(s3, run["manifest"], [_ELSEWHERE], event["gate"], decided=decided)
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
    return _keep(s3, run["manifest"], verdicts, event["gate"], decided=decided, earlier=earlier)


def _keep(
    s3: S3Client,
    uri: str,
    verdicts: list[manifest.RuleVerdict],
    rules: Gate,
    *,
    decided: str,
    earlier: int = 0,
) -> Decision:
    section = manifest.DecisionSection(
        promote=gate.passes(verdicts),
        verdicts=verdicts,
        min_improvement=rules["min_improvement"],
        earlier_decisions=earlier,
        decided=decided,
    )
    manifest.update(s3, uri, lambda newest: replace(newest, decision=section))
    refused_by = dict.fromkeys(verdict.rule for verdict in verdicts if not verdict.passed)
    return {"promote": section.promote, "refused_by": list(refused_by)}
