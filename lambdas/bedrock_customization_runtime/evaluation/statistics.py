"""Is the difference between two models more than luck? Paired tests and intervals, seeded.

The unit is the record: both models answered it, so its figures belong together. All that is drawn
or permuted are records' figures that add up (`metrics.Metric`), so that one matrix product serves
means and scores of whole corpora alike. Every function gives the same figures for the same
arguments, whatever the machine's memory or cores. SciPy holds the same tests, but its import alone
outlasts this whole computation in a Lambda function.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from bedrock_customization_runtime.evaluation.texts import Matrix, Vector

BOOTSTRAP_DRAWS = 2_000
PERMUTATIONS = 9_999
CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2
_BLOCK_CELLS = 1_000_000
"""Random numbers held at once: 8 MB."""
# Differences are sums of a few fractions: what rounding moves apart still counts as a tie.
_ROUNDING = 1e-12
_DIGITS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A metric of two models on the same records.

    Args:
        first: Each record's figures for the first model, shape (records, figures).
        second: Likewise for the second.
        value: Returns the metric of sums of figures, shape (…, figures), in [0, 1].
    """

    first: Matrix
    second: Matrix
    value: Callable[[Matrix], Vector]

    @property
    def records(self) -> int:
        """How many there are."""
        return len(self.first)

    @property
    def difference(self) -> float:
        """By how much the second model is better."""
        return float(self.value(self.second.sum(axis=0)) - self.value(self.first.sum(axis=0)))

    @property
    def differences(self) -> Vector:
        """By how much it is better on each record alone."""
        return self.value(self.second) - self.value(self.first)


def bootstrap_differences(
    pairs: Sequence[Pair], *, seed: int, draws: int = BOOTSTRAP_DRAWS
) -> list[Vector]:
    """Return how pairs differ where the records are drawn anew, with replacement.

    Args:
        pairs: Of the same records; all are drawn together.
        seed: Of the draws.
        draws: How many.

    Returns:
        Of each pair, shape (draws,).

    Raises:
        ValueError: There are no records, or a figure is not finite.
    """
    _require_records(pairs)
    figures = np.hstack([side for pair in pairs for side in (pair.first, pair.second)])
    sums = bootstrap_sums(figures, seed=seed, draws=draws)
    found = []
    start = 0
    for pair in pairs:
        width = pair.first.shape[1]
        before, after = sums[:, start : start + width], sums[:, start + width : start + 2 * width]
        found.append(pair.value(after) - pair.value(before))
        start += 2 * width
    return found


def bootstrap_sums(figures: Matrix, *, seed: int, draws: int = BOOTSTRAP_DRAWS) -> Matrix:
    """Return the sums of figures where the records are drawn anew, with replacement.

    Args:
        figures: Of each record, shape (records, figures).
        seed: Of the draws.
        draws: How many.

    Returns:
        Shape (draws, figures).
    """
    count = len(figures)
    generator = np.random.Generator(np.random.PCG64(seed))
    return np.vstack(
        [_times_drawn(generator, rows, count) @ figures for rows in _blocks(draws, count)]
    )


def percentile_interval(drawn: Vector, *, value: float, records: int) -> tuple[float, float]:
    """Return the 95 % percentile interval of a difference.

    Of the usual bootstrap intervals this one errs least where two models are equals: BCa would find
    one in ten better on small blind sets of which most records are ties (a test counts).

    Args:
        drawn: As `bootstrap_differences` returns them.
        value: The difference itself.
        records: How many were drawn from.

    Returns:
        Lower and upper end. Draws that all say the same have no spread, as if no other value
        existed; their interval is the exact bound on what so many records can miss.
    """
    if not has_spread(drawn):
        return _interval_without_spread(value, records)
    # Rounded, because how many cores multiply matrices shows in the last digits.
    lower, upper = np.quantile(drawn, [_TAIL, 1 - _TAIL]).round(_DIGITS)
    return float(lower), float(upper)


def agreeing(interval: tuple[float, float], p_value: float) -> tuple[float, float]:
    """Return an interval of a difference that holds 0 unless the exact test rejects it.

    On small blind sets of which most records are ties the bootstrap alone finds one of two equals
    better in up to 5 % of the cases, where 2.5 % are meant; the exact tests keep to theirs.
    """
    if p_value <= 1 - CONFIDENCE:
        return interval
    return min(interval[0], 0.0), max(interval[1], 0.0)


def has_spread(values: Vector) -> bool:
    """Return whether values are not all equal."""
    return bool(np.ptp(values) > _ROUNDING)


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


def permutation_p_values(
    pairs: Sequence[Pair], *, seed: int, draws: int = PERMUTATIONS
) -> list[float]:
    """Return the two-sided p-values of the paired permutation test of the difference.

    If the models were equals, a record's two answers could as well have been swapped; for a mean
    that flips the sign of its difference. Where there are no more than `draws` ways to swap, all
    are tried, otherwise `draws` random ones and the observed one.

    Args:
        pairs: Of the same records; all are swapped together.
        seed: Of the draws.
        draws: Upper bound of the number of swaps.

    Raises:
        ValueError: There are no records, or a figure is not finite.
    """
    if not pairs:
        return []
    _require_records(pairs)
    swaps = [_Swaps(pair) for pair in pairs]
    few = [2 ** len(one.changes) <= draws for one in swaps]
    drawn = [one for one, is_few in zip(swaps, few, strict=True) if not is_few]
    extreme = [0] * len(drawn)
    if drawn:
        generator = np.random.Generator(np.random.PCG64(seed))
        for rows in _blocks(draws, pairs[0].records):
            chosen = (generator.random((rows, pairs[0].records)) < 0.5).astype(np.float64)  # noqa: PLR2004 - a fair coin
            for number, one in enumerate(drawn):
                extreme[number] += int(one.as_extreme(chosen[:, one.places]).sum())
    random_ones = iter(extreme)
    return [
        one.share_of_all() if is_few else (next(random_ones) + 1) / (draws + 1)
        for one, is_few in zip(swaps, few, strict=True)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for how many there are, by Holm's step-down method."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, p_values[place] * (len(order) - rank)))
        adjusted[place] = largest
    return adjusted


def effect_size(differences: Vector) -> float | None:
    """Return Cohen's d of paired differences: their mean in units of their standard deviation.

    Returns:
        None where they have no spread.
    """
    if len(differences) < 2 or not has_spread(differences):  # noqa: PLR2004 - one has no spread
        return None
    return float(differences.mean() / differences.std(ddof=1))


def standard_error(pair: Pair) -> float:
    """Return the standard error of the difference, by the jackknife: each record left out once.

    For a mean it is the standard deviation of the differences over the root of their number.
    """
    count = pair.records
    left_out = pair.value(pair.second.sum(axis=0) - pair.second) - pair.value(
        pair.first.sum(axis=0) - pair.first
    )
    return math.sqrt((count - 1) / count * float(((left_out - left_out.mean()) ** 2).sum()))


class _Swaps:
    """A pair whose records are swapped.

    Attributes:
        places: Records on which the models differ: swapping the others changes nothing.
        changes: What swapping each of them adds to the first model's sums.
    """

    def __init__(self, pair: Pair) -> None:
        changes = pair.second - pair.first
        self.places = np.flatnonzero(changes.any(axis=1))
        self.changes = changes[self.places]
        self._value = pair.value
        self._first, self._second = pair.first.sum(axis=0), pair.second.sum(axis=0)
        self._observed = abs(pair.difference) - _ROUNDING

    def as_extreme(self, chosen: Matrix) -> NDArray[np.bool_]:
        """Return which choices leave the models at least as far apart.

        Args:
            chosen: 1 for a record that is swapped, 0 for others, shape (choices, places).
        """
        moved = chosen @ self.changes
        apart = self._value(self._second - moved) - self._value(self._first + moved)
        far: NDArray[np.bool_] = np.abs(apart) >= self._observed
        return far

    def share_of_all(self) -> float:
        """Return the share of all choices that leave them at least as far apart."""
        width = len(self.changes)
        chosen = (np.arange(2**width)[:, np.newaxis] >> np.arange(width)) & 1
        return float(self.as_extreme(chosen.astype(np.float64)).mean())


def _times_drawn(generator: np.random.Generator, rows: int, count: int) -> Matrix:
    """Return how often each of `count` records is drawn, in so many draws of all."""
    drawn = generator.integers(0, count, size=(rows, count))
    drawn += np.arange(rows)[:, np.newaxis] * count
    times = np.bincount(drawn.ravel(), minlength=rows * count)
    return times.reshape(rows, count).astype(np.float64)


def _interval_without_spread(value: float, count: int) -> tuple[float, float]:
    # Clopper and Pearson's limit for an event that was never seen; at worst it is a -1, or a 1.
    unseen = 1 - _TAIL ** (1 / count)
    return value - unseen * (value + 1), value + unseen * (1 - value)


def _blocks(draws: int, width: int) -> Iterator[int]:
    """Yield the numbers of rows that are drawn at once; the figures do not depend on them."""
    rows = max(1, _BLOCK_CELLS // width)
    for start in range(0, draws, rows):
        yield min(rows, draws - start)


def _require_records(pairs: Sequence[Pair]) -> None:
    if not pairs[0].records:
        raise ValueError("pairs must hold records: there is nothing to compare")
    if not all(np.isfinite(side).all() for pair in pairs for side in (pair.first, pair.second)):
        raise ValueError("figures of a pair must be finite: a metric gives numbers")
