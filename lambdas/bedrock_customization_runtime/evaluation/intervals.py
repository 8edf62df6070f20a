"""How sure a model's own figure is: 95 % intervals of a mean of scores in [0, 1].

The statistics module holds two models against each other; a target is held against one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.evaluation import statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_HALVINGS = 60
"""Of [0, 1]: more than a float can tell apart."""


def mean_interval(scores: Sequence[float], *, binary: bool, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of the mean.

    Of scores that are 0 or 1 it is Clopper and Pearson's, which is exact: each end is wrong in at
    most 2.5 % of the cases however few the scores are. Of others it is the percentile bootstrap.

    Args:
        scores: One per record, in [0, 1].
        binary: Whether each is 0 or 1.
        seed: Of the bootstrap's draws.

    Raises:
        ValueError: There are no scores, or one is not finite or out of range.
    """
    vector = np.asarray(scores, dtype=np.float64)
    if vector.size == 0:
        raise ValueError("scores must not be empty: nothing was measured")
    if not bool(np.all((vector >= 0) & (vector <= 1))):  # false for NaN too
        raise ValueError("scores must be finite and lie in [0, 1]")
    count = vector.size
    if binary:
        return _clopper_pearson(round(float(vector.sum())), count)
    if not statistics.has_spread(vector):
        # What was never seen may still be there: at worst it is a 0, or a 1.
        value, unseen = float(vector[0]), 1 - _TAIL ** (1 / count)
        return value * (1 - unseen), value + unseen * (1 - value)
    return statistics.bootstrap_interval(vector, seed=seed)


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
