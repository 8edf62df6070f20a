"""The models that answered the blind set, as the report's tables and plots show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import BASE, CANDIDATE
from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bedrock_customization_runtime.manifest import EvaluationSection, MetricComparison

_ROOM = 0.06
"""Of the axis' width, left free at each end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelScore:
    """What a model reached by the metric that decides.

    Args:
        name: As `contract.EvaluatedModel.name`.
        title: For people.
        known: Whether the title is ours; else it is the manifest's text.
        value: In [0, 1].
    """

    name: str
    title: str
    known: bool
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A comparison as a row of a forest plot; positions are in percent of the axis.

    Args:
        title: Whom against, or on which slice.
        comparison: Its figures.
        lower: Where the interval begins.
        upper: Where it ends.
        middle: Where the difference is.
        tone: Whether the interval lies above zero, below, or around it.
    """

    title: str
    comparison: MetricComparison
    lower: float
    upper: float
    middle: float
    tone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Forest:
    """Comparisons on one axis.

    Args:
        rows: From top to bottom.
        zero: Where no difference is, in percent of the axis.
        gate: Where the required difference is; None without one.
    """

    rows: list[Row]
    zero: float
    gate: float | None


def scores(evaluation: EvaluationSection) -> list[ModelScore]:
    """Return each model's primary metric, the candidate first, then the base model."""
    primary = wording.primary_of(evaluation)
    found = {
        figures.name: figures.metrics[primary.name]
        for figures in evaluation.models
        if primary.name in figures.metrics
    } or {CANDIDATE: primary.candidate, primary.against: primary.other}
    ordered = sorted(found, key=lambda name: (name != CANDIDATE, name != BASE))
    return [
        ModelScore(
            name=name,
            title=wording.sentence(wording.model_title(name)),
            known=name in wording.MODELS,
            value=found[name],
        )
        for name in ordered
    ]


def against_each(evaluation: EvaluationSection, gate: float | None) -> Forest | None:
    """Return the primary metric against each other model; None where there is but one."""
    primary = wording.primary_of(evaluation)
    found = [each for each in evaluation.metrics if each.name == primary.name]
    if len(found) < 2:  # noqa: PLR2004 - one is shown already
        return None
    titled = [(wording.sentence(wording.model_title(each.against)), each) for each in found]
    return _forest(titled, gate)


def by_slice(evaluation: EvaluationSection) -> Forest | None:
    """Return the primary metric on each slice, all records first; None without slices."""
    if not evaluation.slices:
        return None
    slices = [(each.slice or "", each) for each in evaluation.slices]
    return _forest([("All records", wording.primary_of(evaluation)), *slices], None)


def _forest(rows: Sequence[tuple[str, MetricComparison]], gate: float | None) -> Forest:
    marks = [0.0, *_ends(each for _, each in rows)]
    if gate is not None:
        marks.append(gate)
    first, last = min(marks), max(marks)
    width = (last - first) or 1.0

    def place(value: float) -> float:
        return round(100 * (_ROOM + (1 - 2 * _ROOM) * (value - first) / width), 2)

    return Forest(
        rows=[
            Row(
                title=title,
                comparison=each,
                lower=place(each.interval[0]),
                upper=place(each.interval[1]),
                middle=place(each.difference),
                tone=_tone(each),
            )
            for title, each in rows
        ],
        zero=place(0),
        gate=place(gate) if gate is not None else None,
    )


def _ends(comparisons: Iterable[MetricComparison]) -> list[float]:
    return [end for each in comparisons for end in each.interval]


def _tone(comparison: MetricComparison) -> str:
    lower, upper = comparison.interval
    if lower > 0:
        return "better"
    return "worse" if upper < 0 else "open"
