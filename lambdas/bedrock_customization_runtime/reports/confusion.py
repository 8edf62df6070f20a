"""Confusion matrices as heat maps that a person can read: the most frequent labels only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import BASE
from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_runtime.manifest import ConfusionMatrix

MOST_LABELS = 10
_DARKEST = 45
"""Percent of the plot's colour in a full cell: above it, a number is hard to read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """How often a label was answered where another was right.

    Args:
        count: Records.
        right: Whether the label is the one that was right.
        shade: Percent of the plot's colour.
    """

    count: int
    right: bool
    shade: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """The records of one label.

    Args:
        label: Which was right.
        total: Records.
        cells: By shown label; then of other labels, if any is not shown; then what is no label.
    """

    label: str
    total: int
    cells: list[Cell]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatMap:
    """What one model answered.

    Args:
        title: Of the model.
        headings: Of the columns that are no shown label.
        lines: By label.
    """

    title: str
    headings: list[str]
    lines: list[Line]


def heat_maps(matrices: Sequence[ConfusionMatrix]) -> list[HeatMap]:
    """Return the matrices, base model first, with the labels that have the most records."""
    if not matrices:
        return []
    labels = matrices[0].labels
    totals = [sum(row) for row in matrices[0].counts]
    frequent = sorted(range(len(labels)), key=lambda at: (-totals[at], at))[:MOST_LABELS]
    shown = sorted(frequent)
    ordered = sorted(matrices, key=lambda matrix: matrix.model != BASE)
    return [_heat_map(matrix, shown) for matrix in ordered if matrix.labels == labels]


def _heat_map(matrix: ConfusionMatrix, shown: Sequence[int]) -> HeatMap:
    hidden = set(range(len(matrix.labels))) - set(shown)
    lines = []
    for at in shown:
        row = matrix.counts[at]
        counts = [row[other] for other in shown]
        if hidden:
            counts.append(sum(row[other] for other in hidden))
        counts.append(sum(row[len(matrix.labels) :]))
        total = sum(counts)
        cells = [
            Cell(
                count=count,
                right=place < len(shown) and shown[place] == at,
                shade=round(_DARKEST * count / max(1, total)),
            )
            for place, count in enumerate(counts)
        ]
        lines.append(Line(label=matrix.labels[at], total=total, cells=cells))
    return HeatMap(
        title=wording.sentence(wording.model_title(matrix.model)),
        headings=[*(["Other"] if hidden else []), "None"],
        lines=lines,
    )
