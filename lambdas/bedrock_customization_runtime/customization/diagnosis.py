"""What the losses of a training say about it: five verdicts, each by a stated rule.

The rules look at levels, never at single losses: the loss of a batch is noisy, so a level is the
median of several, and a difference counts only if it exceeds what noise of that size would give.
They compare losses with each other alone, so their unit does not matter. In this order, first wins:

========== ======================== ===============================================================
verdict    rule                     when
========== ======================== ===============================================================
diverged   loss-not-finite          a loss is NaN or infinite
diverged   loss-ended-above-start   training loss: last level above 1.5 times the first
diverged   loss-exploded            training loss: some level above 3 times the median of the first
                                    three losses, even if a decaying rate brought it down again
overfit    validation-turned        validation loss: ended more than 10 % above its lowest, while
                                    training loss did not rise
underfit   still-falling            validation loss, or training loss without three of those: fell
                                    by more than 5 % in the last quarter of its course
plateau    little-learned           training loss: last level less than 10 % below the first, or
                                    no further than noise goes
fine       settled                  none of these
unknown    too-few-losses           fewer than ten training losses and three validation losses
========== ======================== ===============================================================

What is below 1 % of the loss at the start is no rise and no fall, whatever its share of a small
loss. Reinforcement fine-tuning is not diagnosed: its loss need not fall while its reward rises.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENDED_ABOVE = 1.5
_EXPLODED = 3.0
_TURNED = 0.10
_STILL_FALLING = 0.05
_LITTLE = 0.10
_MATERIAL = 0.01
_FEWEST_TRAINING, _FEWEST_VALIDATION = 10, 3
_MOST_BLOCKS, _BLOCK = 20, 5
_FIRST = 3
_LATE = 4
"""The late part of a course is its last quarter."""
_CERTAIN = 3.0
"""Standard errors by which levels must differ."""
_MAD_TO_DEVIATION = 1.4826
_MEDIAN_TO_MEAN_ERROR = 1.2533


class Verdict(StrEnum):
    """What became of a training."""

    DIVERGED = "diverged"
    OVERFIT = "overfit"
    UNDERFIT = "underfit"
    PLATEAU = "plateau"
    FINE = "fine"
    UNKNOWN = "unknown"


ADVICE = {
    Verdict.DIVERGED: "lower the learning rate",
    Verdict.OVERFIT: "train fewer epochs, or with a lower learning rate, or give more records",
    Verdict.UNDERFIT: "train more epochs, or with a higher learning rate",
    Verdict.PLATEAU: "raise the learning rate; if that changes nothing, look at the records",
    Verdict.FINE: "nothing, or values close to these",
    Verdict.UNKNOWN: "give a validation set and more records, so that there is something to see",
}
"""What to try next."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the losses say.

    Args:
        verdict: In a word.
        rule: Which rule of this module gave it.
        message: Its figures, one sentence for people.
    """

    verdict: Verdict
    rule: str
    message: str

    @property
    def advice(self) -> str:
        """What to try next."""
        return ADVICE[self.verdict]


def diagnose(training: Sequence[float], validation: Sequence[float]) -> Diagnosis:
    """Return what the losses of a job say about its training.

    Args:
        training: Loss of each step, in their order; what is NaN or infinite included.
        validation: Loss of each validation, likewise; empty without a validation set.
    """
    wild = sum(not math.isfinite(loss) for loss in (*training, *validation))
    if wild:
        return Diagnosis(
            Verdict.DIVERGED,
            "loss-not-finite",
            f"{wild} of {len(training) + len(validation)} losses are no finite number",
        )
    if len(training) < _FEWEST_TRAINING and len(validation) < _FEWEST_VALIDATION:
        return Diagnosis(
            Verdict.UNKNOWN,
            "too-few-losses",
            f"{len(training)} training and {len(validation)} validation losses say nothing",
        )
    course = _Course(training, validation)
    return (
        _diverged(course)
        or _overfit(course)
        or _underfit(course)
        or _plateau(course)
        or Diagnosis(
            Verdict.FINE,
            "settled",
            f"{course.whole_name} loss fell from {course.first:.3g} to {course.last:.3g} and "
            "settled",
        )
    )


def checks_since_best(losses: Sequence[float], min_improvement: float = 0.0) -> int:
    """Return how many validations there were after the last one that got better.

    Args:
        losses: Of the validations, in their order; what is not finite is no improvement.
        min_improvement: By how much a loss must be below the lowest before it to count.
    """
    best, since = math.inf, 0
    for loss in losses:
        if loss < best - min_improvement:
            best, since = loss, 0
        else:
            since += 1
    return since


class _Course:
    """The losses of a training, with what several rules ask of them."""

    def __init__(self, training: Sequence[float], validation: Sequence[float]) -> None:
        self.training, self.validation = training, validation
        self.is_trained = len(training) >= _FEWEST_TRAINING
        self.is_validated = len(validation) >= _FEWEST_VALIDATION
        self.main = validation if self.is_validated else training
        self.main_name = "validation" if self.is_validated else "training"
        # Where there are few training losses, those of the validations are all there is.
        whole = training if self.is_trained else validation
        self.whole_name = "training" if self.is_trained else "validation"
        self.size = max(1, len(whole) // _MOST_BLOCKS, min(_BLOCK, len(whole) // 2))
        self.noise = _noise(training)
        self.first, self.last = median_low(whole[: self.size]), median_low(whole[-self.size :])
        self.material = _MATERIAL * abs(median_low(whole[:_FIRST]))

    def levels(self) -> list[float]:
        """Return the medians of the training losses, block by block."""
        starts = range(0, len(self.training) - self.size + 1, self.size)
        return [median_low(self.training[start : start + self.size]) for start in starts]

    def is_certain(self, difference: float, *sizes: int) -> bool:
        """Return whether levels of so many losses differ by more than noise would make them."""
        error = _MEDIAN_TO_MEAN_ERROR * self.noise * math.sqrt(sum(1 / size for size in sizes))
        return difference > max(self.material, _CERTAIN * error)


def _diverged(course: _Course) -> Diagnosis | None:
    if not course.is_trained:
        return None
    first, last, size = course.first, course.last, course.size
    if last > _ENDED_ABOVE * first and course.is_certain(last - first, size, size):
        return Diagnosis(
            Verdict.DIVERGED,
            "loss-ended-above-start",
            f"training loss ended at {last:.3g}, it began at {first:.3g}",
        )
    start, peak = median_low(course.training[:_FIRST]), max(course.levels())
    if peak > _EXPLODED * start and course.is_certain(peak - start, _FIRST, size):
        return Diagnosis(
            Verdict.DIVERGED,
            "loss-exploded",
            f"training loss rose to {peak:.3g} on the way, it began at {start:.3g}",
        )
    return None


def _overfit(course: _Course) -> Diagnosis | None:
    losses = course.validation
    if len(losses) < 2:  # noqa: PLR2004 - a turn takes two
        return None
    lowest = min(losses)
    # A spike in one of many validations is no turn.
    end = median_low(losses[-3:]) if len(losses) > 2 * _FEWEST_VALIDATION else losses[-1]
    since = len(course.training) * (losses.index(lowest) + 1) // len(losses)
    before = median_low(course.training[max(0, since - course.size) : since] or [course.first])
    rose_too = course.is_trained and course.is_certain(
        course.last - before, course.size, course.size
    )
    if end - lowest > max(_TURNED * abs(lowest), course.material) and not rose_too:
        return Diagnosis(
            Verdict.OVERFIT,
            "validation-turned",
            f"validation loss ended at {end:.3g}, after {lowest:.3g} at check "
            f"{losses.index(lowest) + 1} of {len(losses)}, while training loss did not rise",
        )
    return None


def _underfit(course: _Course) -> Diagnosis | None:
    losses, size = course.main, max(1, len(course.main) // _LATE)
    if course.is_validated:
        before, end = losses[len(losses) - 1 - size], losses[-1]
        is_certain = before - end > course.material and end == min(losses)
    else:
        before, end = median_low(losses[-2 * size : -size]), median_low(losses[-size:])
        is_certain = course.is_certain(before - end, size, size)
    if is_certain and before - end > _STILL_FALLING * abs(before):
        return Diagnosis(
            Verdict.UNDERFIT,
            "still-falling",
            f"{course.main_name} loss was still falling at the end, from {before:.3g} to "
            f"{end:.3g} in its last quarter",
        )
    return None


def _plateau(course: _Course) -> Diagnosis | None:
    fall = course.first - course.last
    if fall >= _LITTLE * abs(course.first) and course.is_certain(fall, course.size, course.size):
        return None
    return Diagnosis(
        Verdict.PLATEAU,
        "little-learned",
        f"{course.whole_name} loss hardly fell, from {course.first:.3g} to {course.last:.3g}",
    )


def _noise(losses: Sequence[float]) -> float:
    """Return the deviation of a loss from its level, from differences of neighbours."""
    if len(losses) < _FEWEST_TRAINING:
        return 0.0
    steps = [abs(after - before) for before, after in pairwise(losses)]
    return _MAD_TO_DEVIATION * median_low(steps) / math.sqrt(2)
