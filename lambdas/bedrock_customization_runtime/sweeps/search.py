"""Which hyperparameters a sweep tries next, by what the candidates before them showed. Pure.

The first round is given. Each round after it goes from the candidate with the lowest validation
loss to the one with the highest, those without one last, and takes each one's moves in this order
until the round is full; what was tried before is never tried again:

- diverged: a lower learning rate;
- underfit: more epochs, then a higher learning rate;
- overfit: fewer epochs, then a lower learning rate;
- plateau: a higher learning rate, then more epochs;
- the best one, whatever its verdict: each hyperparameter half way to its neighbours among those
  that were tried, below and above.

A move goes half way (by the logarithm where a range covers an order of magnitude) from the
candidate's value to the end of the range, or for the learning rate to the nearest value on that
side that diverged or, of one that diverged itself, did not. A sweep ends when its rounds are done,
when the last round lowered the lowest validation loss by less than 1 %, or when no move gives
anything new.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from bedrock_customization_runtime.catalog import rendered
from bedrock_customization_runtime.customization.diagnosis import Verdict
from bedrock_customization_runtime.datasets.training_cost import EPOCHS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from bedrock_customization_runtime.contract import SweepPlan

_RATES = ("learningRate", "learningRateMultiplier")
_ORDER_OF_MAGNITUDE = 10
_WORTH = 0.01
_DIGITS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """A candidate that was tried.

    Args:
        round: From 1.
        hyperparameters: Of the job, those that are not swept too.
        loss: Validation loss with which it ended; None without a model.
        verdict: Of its diagnosis; None where it left no losses, and so teaches nothing.
    """

    round: int
    hyperparameters: Mapping[str, str]
    loss: float | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Round:
    """What comes next.

    Args:
        candidates: Values of the swept hyperparameters.
        ended: Why there are none.
    """

    candidates: list[dict[str, str]]
    ended: str = ""


def next_round(plan: SweepPlan, tried: Sequence[Tried], *, integers: Collection[str]) -> Round:
    """Return the candidates of the next round.

    Args:
        plan: Of the sweep.
        tried: Every candidate before, in their order.
        integers: Names of the hyperparameters that are whole numbers.
    """
    done = max((one.round for one in tried), default=0)
    if done == 0:
        return Round(plan["candidates"])
    if done >= plan["rounds"]:
        return Round([], f"all rounds are done: {done}" if done > 1 else "all were tried")
    best, before = (_lowest(tried, upto) for upto in (done, done - 1))
    if best is not None and before is not None and best > (1 - _WORTH) * before:
        return Round([], f"round {done} lowered the lowest validation loss by less than 1 %")
    search = _Search(plan, tried, integers)
    found = search.new_candidates(plan["candidates_per_round"])
    return Round(found, "" if found else "nothing new within the ranges is worth trying")


def _lowest(tried: Sequence[Tried], upto: int) -> float | None:
    losses = [one.loss for one in tried if one.loss is not None and one.round <= upto]
    return min(losses, default=None)


class _Search:
    """The moves from what was tried."""

    def __init__(self, plan: SweepPlan, tried: Sequence[Tried], integers: Collection[str]) -> None:
        self._ranges = {name: (low, high) for name, (low, high) in plan["ranges"].items()}
        self._integers = integers
        self._points = [
            ({name: float(one.hyperparameters[name]) for name in self._ranges}, one)
            for one in tried
            if one.verdict is not None
        ]
        self._points.sort(key=lambda point: math.inf if point[1].loss is None else point[1].loss)
        self._known = {
            tuple(self._text(name, float(one.hyperparameters[name])) for name in self._ranges)
            for one in tried
        }
        self._rate = next((name for name in _RATES if name in self._ranges), None)

    def new_candidates(self, count: int) -> list[dict[str, str]]:
        """Return at most so many candidates that were not tried."""
        moves = chain.from_iterable(
            chain(
                self._by_verdict(point, one),
                self._nearer(point) if place == 0 and one.loss is not None else (),
            )
            for place, (point, one) in enumerate(self._points)
        )
        found: list[dict[str, str]] = []
        for point in moves:
            texts = {name: self._text(name, value) for name, value in point.items()}
            key = tuple(texts.values())
            if key in self._known:
                continue
            self._known.add(key)
            found.append(texts)
            if len(found) == count:
                break
        return found

    def _by_verdict(self, point: dict[str, float], one: Tried) -> Iterator[dict[str, float]]:
        more = self._moved(point, EPOCHS, up=True)
        fewer = self._moved(point, EPOCHS, up=False)
        faster, slower = (self._at_another_rate(point, one, up=up) for up in (True, False))
        wanted = {
            Verdict.DIVERGED: [slower],
            Verdict.UNDERFIT: [more, faster],
            Verdict.OVERFIT: [fewer, slower],
            Verdict.PLATEAU: [faster, more],
        }
        yield from (
            move for move in wanted.get(one.verdict or Verdict.UNKNOWN, []) if move is not None
        )

    def _nearer(self, point: dict[str, float]) -> Iterator[dict[str, float]]:
        for name, (low, high) in self._ranges.items():
            others = {other[name] for other, _ in self._points}
            below = max((value for value in others if value < point[name]), default=low)
            above = min((value for value in others if value > point[name]), default=high)
            for bound in (below, above):
                moved = self._half_way(name, point, bound)
                if moved is not None:
                    yield moved

    def _at_another_rate(
        self, point: dict[str, float], one: Tried, *, up: bool
    ) -> dict[str, float] | None:
        """Return the point with its rate moved, short of where the verdict is another."""
        name = self._rate
        if name is None:
            return None
        diverges = one.verdict is Verdict.DIVERGED
        turns = [
            other[name]
            for other, that in self._points
            if (that.verdict is Verdict.DIVERGED) is not diverges
            and (other[name] > point[name] if up else other[name] < point[name])
        ]
        if not turns:
            return self._moved(point, name, up=up)
        return self._half_way(name, point, min(turns) if up else max(turns))

    def _moved(self, point: dict[str, float], name: str, *, up: bool) -> dict[str, float] | None:
        if name not in self._ranges:
            return None
        low, high = self._ranges[name]
        return self._half_way(name, point, high if up else low)

    def _half_way(
        self, name: str, point: dict[str, float], bound: float
    ) -> dict[str, float] | None:
        value = point[name]
        if value == bound:
            return None
        low, high = self._ranges[name]
        if name in self._integers:
            # The nearer half is rounded away from the candidate, so that it moves at all.
            middle = (value + bound) / 2
            middle = math.ceil(middle) if bound > value else math.floor(middle)
        elif low > 0 and high / low >= _ORDER_OF_MAGNITUDE:
            middle = math.sqrt(value) * math.sqrt(bound)
        else:
            middle = value + (bound - value) / 2
        return {**point, name: min(max(middle, low), high)}

    def _text(self, name: str, value: float) -> str:
        if name in self._integers:
            return rendered(round(value))
        low, high = self._ranges[name]
        return rendered(min(max(float(f"{value:.{_DIGITS}g}"), low), high))
