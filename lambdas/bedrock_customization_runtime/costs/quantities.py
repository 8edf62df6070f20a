"""How much a run asks for: tokens of its data and of its baseline, and how long answers are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime.manifest import SideTokens

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import TeacherPlan
    from bedrock_customization_runtime.datasets.token_counts import TokenCount
    from bedrock_customization_runtime.manifest import (
        BaselineSection,
        PreparationSection,
        SparkUse,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedTokens:
    """Tokens of questions to the base model and of its answers."""

    input: int
    output: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunTokens:
    """Estimated tokens of a run's prepared data, and those that were paid already.

    Args:
        training: Of the training set, for one epoch.
        records: Of the training set.
        prompts: Of the training set of a distillation.
        blind: Of the blind set; None where nobody is measured by it.
        enrichment_usd: What the enrichment of the data has cost; None without one.
        enriched: Records that were enriched.
        spark: What Spark has used to prepare them; None without it.
        baseline: Of the baseline, as Bedrock counted them; None without one.
    """

    training: int
    records: int = 0
    prompts: SideTokens | None = None
    blind: SideTokens | None = None
    enrichment_usd: float | None = None
    enriched: int = 0
    spark: SparkUse | None = None
    baseline: AskedTokens | None = None

    @classmethod
    def of(
        cls, preparation: PreparationSection, baseline: BaselineSection | None = None
    ) -> RunTokens:
        """Return what preparation has counted, and what the baseline was charged."""
        enrichment = preparation.enrichment
        return cls(
            training=preparation.estimated_tokens,
            records=preparation.train.records,
            prompts=preparation.prompt_tokens,
            blind=preparation.blind_tokens,
            enrichment_usd=enrichment.cost_usd if enrichment else None,
            enriched=enrichment.written + enrichment.scored if enrichment else 0,
            spark=preparation.spark,
            baseline=_asked(baseline) if baseline else None,
        )


@dataclass(frozen=True, slots=True)
class AnswerLengths:
    """How long answers that nobody has given yet will be, in tokens."""

    teacher: float | None
    """Of the teacher's; None where nothing says so."""
    source: str

    @classmethod
    def of(cls, tokens: RunTokens, teaching: TeacherPlan | None) -> AnswerLengths:
        """Return them as the data answer, or as long as the teacher may answer."""
        limit = teaching.get("max_response_length") if teaching else None
        sides = [side for side in (tokens.prompts, tokens.blind) if side]
        answered = sum(side.records - side.unanswered for side in sides)
        if answered:
            mean = sum(side.answers for side in sides) / answered
            return cls(
                mean if limit is None else min(mean, limit), "answers as long as those in the data"
            )
        if limit is not None:
            return cls(limit, "answers of max_response_length, at most")
        return cls(None, "how long the answers are: name max_response_length")


def side_tokens(count: TokenCount) -> SideTokens:
    """Return what was counted of a side as the manifest holds it."""
    return SideTokens(
        records=count.records,
        questions=count.questions,
        answers=count.answers,
        unanswered=count.unanswered,
        unanswered_questions=count.unanswered_questions,
    )


def _asked(baseline: BaselineSection) -> AskedTokens:
    ways = [way for way in (baseline.zero_shot, baseline.few_shot) if way]
    return AskedTokens(
        input=sum(way.input_tokens for way in ways), output=sum(way.output_tokens for way in ways)
    )
