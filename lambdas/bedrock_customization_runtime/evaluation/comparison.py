"""The candidate against each other one: each metric, paired by record; what luck explains."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from bedrock_customization_runtime.contract import BASE, CANDIDATE
from bedrock_customization_runtime.datasets import power
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import statistics
from bedrock_customization_runtime.evaluation.statistics import Pair
from bedrock_customization_runtime.evaluation.texts import Texts
from bedrock_customization_runtime.manifest import Example, MetricComparison

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from bedrock_customization_runtime.evaluation.answers import Answer
    from bedrock_customization_runtime.evaluation.metrics import Metric
    from bedrock_customization_runtime.evaluation.texts import Matrix

SEED = 20_250_101
"""Of every draw: a repeated evaluation gives the same figures."""
EXAMPLES = 10
"""Records named per kind of change."""
SLICES = 50
"""Reported, the largest."""
SLICE_RECORDS = 6
"""From which on a slice is reported: of fewer, no exact test rejects at 5 %."""
_ROUNDING = 1e-12
_REFUSALS = {"content_filtered", "guardrail_intervened"}


class ModelScores(msgspec.Struct, kw_only=True, frozen=True):
    """One model on the blind set: what each answer scored, what they cost, why some failed."""

    model_id: str
    scores: dict[str, list[float]]
    """By metric; one score per record, in the order of the test set. Of a metric of a whole corpus
    it is what the record alone would score."""
    input_tokens: int
    output_tokens: int
    median_latency_ms: float
    slowest_latency_ms: int
    refusals: int
    """Answers that a guardrail or a content filter withheld."""
    stop_reasons: dict[str, int]
    errors: dict[str, int]
    """Bedrock's error codes and how many questions they cost."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One model on the blind set, in all that is compared.

    Args:
        texts: What it said.
        figures: Of each record, by metric; shape (records, figures).
        scores: As they are stored.
    """

    texts: Texts
    figures: Mapping[str, Matrix]
    scores: ModelScores

    def value(self, metric: Metric) -> float:
        """Return a metric of all records."""
        return float(metric.value(self.figures[metric.name].sum(axis=0)))


def measure(
    model_id: str, paired: Sequence[tuple[str, Answer]], metrics: Sequence[Metric]
) -> Measured:
    """Measure a model's answers; a question it could not answer scores 0.

    Args:
        model_id: By which the model was invoked.
        paired: Reference and answer of each record.
        metrics: By which.

    Raises:
        EvaluationFailed: There are no records, or a metric gave no finite score in [0, 1].
    """
    if not paired:
        raise EvaluationFailed(
            "the blind set holds no records, so nothing can be compared: raise split.test"
        )
    answers = [answer for _, answer in paired]
    texts = Texts(
        ids=[answer.id for answer in answers],
        references=[reference for reference, _ in paired],
        answers=[answer.answer if answer.error is None else None for answer in answers],
    )
    figures = {metric.name: metric.measure(texts) for metric in metrics}
    latencies = [answer.latency_ms for answer in answers if answer.error is None] or [0]
    scores = ModelScores(
        model_id=model_id,
        scores={metric.name: _scores(metric, figures[metric.name], texts) for metric in metrics},
        input_tokens=sum(answer.input_tokens for answer in answers),
        output_tokens=sum(answer.output_tokens for answer in answers),
        median_latency_ms=float(np.median(latencies)),
        slowest_latency_ms=max(latencies),
        refusals=sum(answer.stop_reason in _REFUSALS for answer in answers),
        stop_reasons=_counts(answer.stop_reason for answer in answers),
        errors=_counts(answer.error for answer in answers if answer.error is not None),
    )
    return Measured(texts=texts, figures=figures, scores=scores)


def compare(metrics: Sequence[Metric], models: Mapping[str, Measured]) -> list[MetricComparison]:
    """Compare the candidate with all others, by every metric.

    Args:
        metrics: By which; the primary one first.
        models: By name, measured by these metrics on the same records.

    Returns:
        All metrics against the base model, then against the others in their order. P-values are
        adjusted, metric by metric, for the number of models that the candidate is compared with.
    """
    others = [BASE, *(name for name in models if name not in {BASE, CANDIDATE})]
    cases = [
        _Case(metric, against, _pair(metric, models[against], models[CANDIDATE]))
        for against in others
        for metric in metrics
    ]
    found = _comparisons(cases)
    if len(others) == 1:
        return found
    return [
        one
        for adjusted in zip(
            *(_adjusted(found[place :: len(metrics)]) for place in range(len(metrics))),
            strict=True,
        )
        for one in adjusted
    ]


def compare_slices(
    metric: Metric, models: Mapping[str, Measured], slices: Sequence[Mapping[str, str]]
) -> list[MetricComparison]:
    """Compare the candidate with the base model on parts of the records, the largest first.

    Args:
        metric: By which.
        models: As of `compare`.
        slices: Of each record, values by column.

    Returns:
        The largest slices; those of too few records are left out. P-values are adjusted for their
        number.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, record in enumerate(slices):
        for column, value in record.items():
            places[f"{column}={value}"].append(place)
    largest = sorted(places.items(), key=lambda item: (-len(item[1]), item[0]))
    whole = _pair(metric, models[BASE], models[CANDIDATE])
    found = [
        msgspec.structs.replace(
            _comparisons([_Case(metric, BASE, _part(whole, np.array(chosen)))])[0], slice=name
        )
        for name, chosen in largest[:SLICES]
        if len(chosen) >= SLICE_RECORDS
    ]
    return _adjusted(found) if len(found) > 1 else found


def minimum_detectable_effect(metric: Metric, models: Mapping[str, Measured]) -> float:
    """Return the smallest difference of a metric that so many records show with 80 % power.

    By how much base and candidate's answers differ; where they do not at all, by the assumption
    that is made before anybody has asked.
    """
    pair = _pair(metric, models[BASE], models[CANDIDATE])
    error = statistics.standard_error(pair)
    return power.detectable(error) if error else power.minimum_detectable_effect(pair.records)


def examples(metrics: Sequence[Metric], models: Mapping[str, Measured]) -> list[Example]:
    """Name the first records that only one of the models has right: losses first, then wins.

    Right is what the first of the metrics says that knows right and wrong.
    """
    metric = next(one for one in metrics if one.binary)
    base, candidate = models[BASE], models[CANDIDATE]
    verdicts = [
        Example(record=record, base_correct=before == 1, candidate_correct=after == 1)
        for record, before, after in zip(
            candidate.texts.ids,
            base.scores.scores[metric.name],
            candidate.scores.scores[metric.name],
            strict=True,
        )
        if (before == 1) != (after == 1)
    ]
    losses = [verdict for verdict in verdicts if verdict.base_correct]
    wins = [verdict for verdict in verdicts if verdict.candidate_correct]
    return losses[:EXAMPLES] + wins[:EXAMPLES]


@dataclass(frozen=True, slots=True)
class _Case:
    """A metric of two models."""

    metric: Metric
    against: str
    pair: Pair


def _pair(metric: Metric, other: Measured, candidate: Measured) -> Pair:
    return Pair(
        first=other.figures[metric.name],
        second=candidate.figures[metric.name],
        value=metric.value,
    )


def _part(pair: Pair, places: NDArray[np.intp]) -> Pair:
    return replace(pair, first=pair.first[places], second=pair.second[places])


def _comparisons(cases: Sequence[_Case]) -> list[MetricComparison]:
    """Compare pairs of the same records."""
    drawn = statistics.bootstrap_differences([case.pair for case in cases], seed=SEED)
    permuted = iter(
        statistics.permutation_p_values(
            [case.pair for case in cases if not case.metric.binary], seed=SEED
        )
    )
    found = []
    for case, draws in zip(cases, drawn, strict=True):
        pair = case.pair
        differences = pair.differences
        if case.metric.binary:
            wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
            p_value = statistics.mcnemar_p_value(losses, wins)
            test = f"McNemar's exact test, two-sided, on {losses} losses and {wins} wins"
        else:
            p_value = next(permuted)
            test = (
                "paired permutation test, two-sided, at most "
                f"{statistics.PERMUTATIONS:,} swaps (PCG64, seed {SEED})"
            )
        interval = (
            f"95 % percentile interval of {statistics.BOOTSTRAP_DRAWS:,} paired bootstrap draws "
            f"(PCG64, seed {SEED}), with 0 unless the test rejects it"
            if statistics.has_spread(draws)
            else "95 % Clopper-Pearson bounds, because all draws differ alike"
        )
        found.append(
            MetricComparison(
                name=case.metric.name,
                against=case.against,
                records=pair.records,
                other=float(pair.value(pair.first.sum(axis=0))),
                candidate=float(pair.value(pair.second.sum(axis=0))),
                difference=pair.difference,
                interval=statistics.agreeing(
                    statistics.percentile_interval(
                        draws, value=pair.difference, records=pair.records
                    ),
                    p_value,
                ),
                p_value=p_value,
                effect_size=statistics.effect_size(differences),
                method=f"{test}; {interval}",
            )
        )
    return found


def _adjusted(comparisons: Sequence[MetricComparison]) -> list[MetricComparison]:
    adjusted = statistics.holm([one.p_value for one in comparisons])
    return [
        msgspec.structs.replace(one, adjusted_p_value=p_value)
        for one, p_value in zip(comparisons, adjusted, strict=True)
    ]


def _scores(metric: Metric, figures: Matrix, texts: Texts) -> list[float]:
    values: list[float] = metric.value(figures).tolist()
    for record, value in zip(texts.ids, values, strict=True):
        if not (math.isfinite(value) and 0 <= value <= 1 + _ROUNDING):
            raise EvaluationFailed(
                f"metric {metric.name} gave {value} for record {record}: scores lie in [0, 1], so "
                "mend the metric"
            )
    return values


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
