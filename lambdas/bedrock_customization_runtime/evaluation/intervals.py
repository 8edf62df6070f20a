"""How sure a model's own figure is: its 95 % interval.

The statistics module holds two models against each other; a target is held against one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.evaluation import statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_runtime.evaluation.texts import Matrix, Vector

_ROUNDING = 1e-12
_HALVINGS = 60
"""Of [0, 1]: more than a float can tell apart."""


def value_interval(
    figures: Matrix, value: Callable[[Matrix], Vector], *, binary: bool, seed: int
) -> tuple[float, float]:
    """Return the 95 % interval of a metric of all records.

    Where each record scores 0 or 1 it is Clopper and Pearson's, which is exact: each end is wrong
    in at most 2.5 % of the cases however few the records are. Of others it is the percentile
    bootstrap.

    Args:
        figures: Of each record, shape (records, figures).
        value: Returns the metric of sums of figures, shape (…, figures), in [0, 1].
        binary: Whether each record scores 0 or 1.
        seed: Of the bootstrap's draws.

    Raises:
        ValueError: There are no records, or a score is not finite or out of range.
    """
    count = len(figures)
    if count == 0:
        raise ValueError("figures must not be empty: nothing was measured")
    scores = value(figures)
    if not bool(np.all((scores >= 0) & (scores <= 1 + _ROUNDING))):  # false for NaN too
        raise ValueError("scores must be finite and lie in [0, 1]")
    if binary:
        return _clopper_pearson(round(float(scores.sum())), count)
    drawn = value(statistics.bootstrap_sums(figures, seed=seed))
    if not statistics.has_spread(drawn):
        # What was never seen may still be there: at worst it is a 0, or a 1.
        found, unseen = float(drawn[0]), 1 - _TAIL ** (1 / count)
        return found * (1 - unseen), found + unseen * (1 - found)
    lower, upper = np.quantile(drawn, [_TAIL, 1 - _TAIL])
    return float(lower), float(upper)


_TAIL = (1 - statistics.CONFIDENCE) / 2


def _clopper_pearson(successes: int, count: int) -> tuple[float, float]:
    lower = _solved(lambda share: _at_least(successes, count, share) < _TAIL) if successes else 0.0
    upper = (
        _solved(lambda share: 1 - _at_least(successes + 1, count, share) > _TAIL)
        if successes < count
        else 1.0
    )
    return lower, upper


def _solved(is_below: Callable[[float], bool]) -> float:
    """Return where a condition that holds from 0 on ceases to."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return (low + high) / 2


def _at_least(successes: int, count: int, share: float) -> float:
    """Return the chance of so many successes or more, each with the chance `share`."""
    hit, miss = math.log(share), math.log1p(-share)
    chance = math.fsum(
        math.exp(
            math.lgamma(count + 1)
            - math.lgamma(number + 1)
            - math.lgamma(count - number + 1)
            + number * hit
            + (count - number) * miss
        )
        for number in range(successes, count + 1)
    )
    return min(1.0, chance)
