"""Is the difference between two models more than luck? Paired tests and intervals, seeded.

The unit is the record: both models answered it, so its two scores belong together. Every function
gives the same figures for the same arguments, whatever the machine's memory or cores. SciPy holds
the same tests, but its import alone outlasts this whole computation in a Lambda function.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

BOOTSTRAP_DRAWS = 2_000
SIGN_FLIP_DRAWS = 9_999
CONFIDENCE = 0.95
_BLOCK_CELLS = 1_000_000
"""Random numbers held at once: 8 MB."""
# Differences are sums of a few fractions: what rounding moves apart still counts as a tie.
_ROUNDING = 1e-12


def bootstrap_interval(
    differences: Vector, *, seed: int, draws: int = BOOTSTRAP_DRAWS
) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean of paired differences.

    Args:
        differences: One per record, in [-1, 1]; shape (records,).
        seed: Of the draws.
        draws: How often the records are drawn anew, with replacement.

    Returns:
        Lower and upper end. Differences that are all equal have no spread to draw from, as if no
        other value existed; their interval is the exact bound on what so many records can miss.

    Raises:
        ValueError: There are no differences, or one is not finite or out of range.
    """
    _require_differences(differences)
    count = differences.size
    if not has_spread(differences):
        return _interval_without_spread(float(differences[0]), count)
    generator = np.random.Generator(np.random.PCG64(seed))
    means = np.concatenate(
        [
            differences[generator.integers(0, count, size=(rows, count))].mean(axis=1)
            for rows in _blocks(draws, count)
        ]
    )
    tail = (1 - CONFIDENCE) / 2
    lower, upper = np.quantile(means, [tail, 1 - tail])
    return float(lower), float(upper)


def has_spread(differences: Vector) -> bool:
    """Return whether differences are not all equal."""
    return bool(np.ptp(differences) > 0)


def mcnemar_p_value(losses: int, wins: int) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    Args:
        losses: Records that only the first model has right.
        wins: Records that only the second model has right.

    Returns:
        The chance of a split at least as uneven if both were equally likely; 1 without any.
    """
    discordant = losses + wins
    if discordant == 0:
        return 1.0
    # In logarithms, because 0.5 ** discordant underflows beyond 1,074 records.
    log_terms = [
        math.lgamma(discordant + 1)
        - math.lgamma(k + 1)
        - math.lgamma(discordant - k + 1)
        - discordant * math.log(2)
        for k in range(min(losses, wins) + 1)
    ]
    return min(1.0, 2 * math.fsum(map(math.exp, log_terms)))


def sign_flip_p_value(differences: Vector, *, seed: int, draws: int = SIGN_FLIP_DRAWS) -> float:
    """Return the two-sided p-value of the paired permutation test of the mean difference.

    If the models were equals, a record's difference could as well have had the other sign. Where
    there are no more than `draws` ways to choose the signs all are tried, otherwise `draws` random
    ones and the observed one.

    Args:
        differences: One per record, in [-1, 1]; shape (records,).
        seed: Of the draws.
        draws: Upper bound of the number of sign choices.

    Raises:
        ValueError: There are no differences, or one is not finite or out of range.
    """
    _require_differences(differences)
    sizes = np.abs(differences[differences != 0])
    if sizes.size == 0:
        return 1.0
    observed = abs(float(differences.sum())) - _ROUNDING
    ways = 2**sizes.size
    if ways <= draws:
        chosen = (np.arange(ways)[:, np.newaxis] >> np.arange(sizes.size)) & 1
        return float((_flipped(sizes, chosen == 1) >= observed).mean())
    generator = np.random.Generator(np.random.PCG64(seed))
    as_extreme = sum(
        int((_flipped(sizes, generator.random((rows, sizes.size)) < 0.5) >= observed).sum())  # noqa: PLR2004 - a fair coin
        for rows in _blocks(draws, sizes.size)
    )
    return (as_extreme + 1) / (draws + 1)


def _interval_without_spread(value: float, count: int) -> tuple[float, float]:
    # Clopper and Pearson's limit for an event that was never seen; at worst it is a -1, or a 1.
    unseen = 1 - ((1 - CONFIDENCE) / 2) ** (1 / count)
    return value - unseen * (value + 1), value + unseen * (1 - value)


def _flipped(sizes: Vector, negative: NDArray[np.bool_]) -> Vector:
    totals: Vector = np.abs(np.where(negative, -sizes, sizes).sum(axis=1))
    return totals


def _blocks(draws: int, width: int) -> Iterator[int]:
    """Yield the numbers of rows that are drawn at once; the figures do not depend on them."""
    rows = max(1, _BLOCK_CELLS // width)
    for start in range(0, draws, rows):
        yield min(rows, draws - start)


def _require_differences(differences: Vector) -> None:
    if differences.size == 0:
        raise ValueError("differences must not be empty: there is nothing to compare")
    if not bool(np.all(np.abs(differences) <= 1)):  # false for NaN too
        raise ValueError("differences must be finite and lie in [-1, 1]: scores lie in [0, 1]")
