"""What a model said beside what it should have said."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]
    Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Texts:
    """References and a model's answers, by record.

    Args:
        ids: Of the records.
        references: What should have been said.
        answers: What was; None where the model could not answer, which scores 0 by every metric.
    """

    ids: Sequence[str]
    references: Sequence[str]
    answers: Sequence[str | None]

    @cached_property
    def said(self) -> list[str]:
        """The answers, empty where there is none."""
        return [answer or "" for answer in self.answers]


def averaged(scores: Sequence[float] | Vector) -> Matrix:
    """Return the statistics of a metric that is a mean: each record's score, and 1."""
    values = np.asarray(scores, dtype=np.float64)
    return np.column_stack([values, np.ones(len(values))])


def mean(sums: Matrix) -> Vector:
    """Return the means of statistics that `averaged` made, of shape (…, 2)."""
    found: Vector = sums[..., 0] / np.maximum(sums[..., 1], 1)
    return found
