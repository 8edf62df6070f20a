"""Base against tuned: every metric of both models, paired by record, and what luck explains."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import statistics
from bedrock_customization_runtime.evaluation.metrics import METRICS, Metric, metric_of
from bedrock_customization_runtime.manifest import Example, MetricComparison

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bedrock_customization_runtime.evaluation.answers import Answer

SEED = 20_250_101
"""Of every draw: a repeated evaluation gives the same figures."""
EXAMPLES = 10
"""Records named per kind of change."""


class ModelScores(msgspec.Struct, kw_only=True, frozen=True):
    """One model on the blind set: what each answer scored, what they cost, why some failed."""

    model_id: str
    scores: dict[str, list[float]]
    """By metric; one score per record, in the order of the test set."""
    input_tokens: int
    output_tokens: int
    median_latency_ms: float
    slowest_latency_ms: int
    stop_reasons: dict[str, int]
    errors: dict[str, int]
    """Bedrock's error codes and how many questions they cost."""


def score(model_id: str, paired: Sequence[tuple[str, Answer]]) -> ModelScores:
    """Score a model's answers by every metric; a question it could not answer scores 0.

    Args:
        model_id: By which the model was invoked.
        paired: Reference and answer of each record.

    Raises:
        EvaluationFailed: There are no records, or a metric gave no finite score in [0, 1].
    """
    if not paired:
        raise EvaluationFailed("the blind set holds no records: nothing can be compared")
    answers = [answer for _, answer in paired]
    latencies = [answer.latency_ms for answer in answers if answer.error is None] or [0]
    return ModelScores(
        model_id=model_id,
        scores={
            metric.name: [_score(metric, reference, answer) for reference, answer in paired]
            for metric in METRICS.values()
        },
        input_tokens=sum(answer.input_tokens for answer in answers),
        output_tokens=sum(answer.output_tokens for answer in answers),
        median_latency_ms=float(np.median(latencies)),
        slowest_latency_ms=max(latencies),
        stop_reasons=_counts(answer.stop_reason for answer in answers),
        errors=_counts(answer.error for answer in answers if answer.error is not None),
    )


def compare(primary: str, base: ModelScores, tuned: ModelScores) -> list[MetricComparison]:
    """Compare two models that answered the same records, by every metric, the primary first.

    Raises:
        EvaluationFailed: The primary metric is unknown.
    """
    first = metric_of(primary)
    others = [metric for metric in METRICS.values() if metric.name != primary]
    return [
        _comparison(metric, np.array(base.scores[metric.name]), np.array(tuned.scores[metric.name]))
        for metric in [first, *others]
    ]


def examples(records: Sequence[str], base: ModelScores, tuned: ModelScores) -> list[Example]:
    """Name the first records that only one of the models has right: losses first, then wins."""
    verdicts = [
        Example(record=record, base_correct=before == 1, tuned_correct=after == 1)
        for record, before, after in zip(
            records, base.scores["accuracy"], tuned.scores["accuracy"], strict=True
        )
        if before != after
    ]
    losses = [verdict for verdict in verdicts if verdict.base_correct]
    wins = [verdict for verdict in verdicts if verdict.tuned_correct]
    return losses[:EXAMPLES] + wins[:EXAMPLES]


def _score(metric: Metric, reference: str, answer: Answer) -> float:
    if answer.error is not None:
        return 0.0
    value = metric.score(reference, answer.answer)
    if not (math.isfinite(value) and 0 <= value <= 1):
        raise EvaluationFailed(
            f"metric {metric.name} gave {value} for record {answer.id}: scores lie in [0, 1]"
        )
    return value


def _comparison(
    metric: Metric, base: statistics.Vector, tuned: statistics.Vector
) -> MetricComparison:
    differences = tuned - base
    interval = (
        f"95 % percentile interval of {statistics.BOOTSTRAP_DRAWS:,} paired bootstrap draws "
        f"(PCG64, seed {SEED})"
        if statistics.has_spread(differences)
        else "95 % Clopper-Pearson bounds, because all differences are equal"
    )
    if metric.binary:
        wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
        p_value = statistics.mcnemar_p_value(losses, wins)
        test = f"McNemar's exact test, two-sided, on {losses} losses and {wins} wins"
    else:
        p_value = statistics.sign_flip_p_value(differences, seed=SEED)
        test = (
            "paired sign-flip permutation test, two-sided, at most "
            f"{statistics.SIGN_FLIP_DRAWS:,} sign choices (PCG64, seed {SEED})"
        )
    return MetricComparison(
        name=metric.name,
        records=differences.size,
        baseline=float(base.mean()),
        tuned=float(tuned.mean()),
        difference=float(differences.mean()),
        interval=statistics.bootstrap_interval(differences, seed=SEED),
        p_value=p_value,
        method=f"{test}; {interval}",
    )


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
