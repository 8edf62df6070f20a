"""Value object that says which hyperparameters are tried, and how many jobs that takes."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

from bedrock_customization._checks import check_whole
from bedrock_customization_runtime import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.method import CustomizationMethod
    from bedrock_customization_runtime import contract
    from bedrock_customization_runtime.catalog import Hyperparameter, HyperparameterValue

MAXIMUM_CANDIDATES = 15
"""All of them, each waiting for eight days, fill half of an execution's history of events."""
_ORDER_OF_MAGNITUDE = 10
_DRAWS = 1_000
_DIGITS = 3

Range = tuple[int | float, int | float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """Train several candidates with different hyperparameters and keep the best one.

    Make it with `Sweep.grid`, `Sweep.random` or `Sweep.adaptive`. The best is the one with the
    lowest validation loss; the blind set has no say. Each candidate is a job of its own and is
    paid; `max_cost_usd` limits all of them together.

    Args:
        values: Of each hyperparameter, by name: what a grid combines.
        ranges: Of each hyperparameter, by name: lowest and highest value that may be tried.
        candidates_per_round: How many are tried in a round; of a grid, all.
        rounds: After the first, candidates are chosen by what the ones before showed.
        seed: Of every draw.
        max_concurrency: How many train at a time; the account's quota allows ten.

    Raises:
        ValueError: A number is out of range, or there is nothing to try.
    """

    values: Mapping[str, Sequence[HyperparameterValue]]
    ranges: Mapping[str, Range]
    candidates_per_round: int
    rounds: int
    seed: int
    max_concurrency: int

    def __post_init__(self) -> None:
        """Check the numbers."""
        if bool(self.values) and bool(self.ranges):
            raise ValueError("sweep takes values or ranges, not both: use Sweep.grid or the others")
        quota = catalog.service().quotas["scheduled_customization_jobs"].value
        check_whole("max_concurrency", self.max_concurrency, 1, quota, "it is the account's quota")
        check_whole("rounds", self.rounds, 1, MAXIMUM_CANDIDATES, "each one is trained and paid")
        check_whole(
            "candidates",
            self.candidates_per_round * self.rounds,
            2,
            MAXIMUM_CANDIDATES,
            "one makes no sweep, and more of them would fill the execution's history of events",
        )

    @classmethod
    def grid(
        cls, values: Mapping[str, Sequence[HyperparameterValue]], *, max_concurrency: int = 2
    ) -> Self:
        """Try every combination.

        Args:
            values: Of each hyperparameter, by Bedrock's name.
            max_concurrency: How many train at a time.

        Raises:
            ValueError: As of the class, or a hyperparameter is given no or the same values.
        """
        for name, given in values.items():
            if not given or len(set(given)) < len(given):
                raise ValueError(
                    f"sweep: {name} must have different values, got {list(given)}: give each once"
                )
        return cls(
            values=values,
            ranges={},
            candidates_per_round=math.prod(len(given) for given in values.values()),
            rounds=1,
            seed=0,
            max_concurrency=max_concurrency,
        )

    @classmethod
    def random(
        cls,
        ranges: Mapping[str, Range],
        *,
        candidates: int,
        seed: int = 0,
        max_concurrency: int = 2,
    ) -> Self:
        """Try values drawn from ranges, spread evenly over each.

        A range from above zero over an order of magnitude or more is drawn from by its logarithm.

        Args:
            ranges: Of each hyperparameter, by Bedrock's name: lowest and highest value.
            candidates: How many.
            seed: The same one draws the same candidates.
            max_concurrency: How many train at a time.

        Raises:
            ValueError: As of the class.
        """
        return cls(
            values={},
            ranges=ranges,
            candidates_per_round=candidates,
            rounds=1,
            seed=seed,
            max_concurrency=max_concurrency,
        )

    @classmethod
    def adaptive(
        cls,
        ranges: Mapping[str, Range],
        *,
        rounds: int = 3,
        candidates_per_round: int = 2,
        seed: int = 0,
        max_concurrency: int = 2,
    ) -> Self:
        """Try values drawn from ranges, then, round by round, what their losses suggest.

        Args:
            ranges: As of `random`; they bound every round.
            rounds: At most; a sweep ends sooner when nothing new is worth its cost.
            candidates_per_round: How many.
            seed: The same one draws the same first round.
            max_concurrency: How many train at a time.

        Raises:
            ValueError: As of the class.
        """
        return cls(
            values={},
            ranges=ranges,
            candidates_per_round=candidates_per_round,
            rounds=rounds,
            seed=seed,
            max_concurrency=max_concurrency,
        )

    @property
    def candidates(self) -> int:
        """How many candidates there are at most."""
        return self.candidates_per_round * self.rounds

    def to_contract(self, base_model: BaseModel, method: CustomizationMethod) -> contract.SweepPlan:
        """Return what the handler receives, with the first round drawn.

        Raises:
            ValueError: Jobs leave no validation loss to choose by, a hyperparameter is unknown or
                given by the method too, or a value is not allowed.
        """
        base_model.check_validation_loss(method, "sweep")
        known = base_model.facts.methods[method.method].hyperparameters
        twice = sorted({*self.values, *self.ranges} & set(method.hyperparameters))
        if twice:
            raise ValueError(
                f"sweep: {', '.join(twice)} is a hyperparameter of the method too: leave it out "
                "there"
            )
        if not self.ranges:
            names = list(self.values)
            drawn = [
                dict(zip(names, chosen, strict=True))
                for chosen in itertools.product(*self.values.values())
            ]
        else:
            for place in (0, 1):
                base_model.facts.check_hyperparameters(
                    method.method, {name: ends[place] for name, ends in self.ranges.items()}
                )
            for name, (low, high) in self.ranges.items():
                _check_range(known[name], low, high)
            drawn = self._draw({name: known[name].type == "int" for name in self.ranges})
        return {
            "candidates": [
                base_model.facts.check_hyperparameters(method.method, one) for one in drawn
            ],
            "rounds": self.rounds,
            "candidates_per_round": self.candidates_per_round,
            "ranges": {
                name: [float(low), float(high)] for name, (low, high) in self.ranges.items()
            },
        }

    def _draw(self, is_integer: Mapping[str, bool]) -> list[dict[str, HyperparameterValue]]:
        """Return candidates, each different, whose values are spread over each range."""
        chance = Random(self.seed)  # noqa: S311 - repeatable, and guards nothing
        found: dict[tuple[HyperparameterValue, ...], None] = {}
        for _ in range(_DRAWS):
            strata = [
                self._spread(chance, ends, is_integer=is_integer[name])
                for name, ends in self.ranges.items()
            ]
            found |= dict.fromkeys(zip(*strata, strict=True))
            if len(found) >= self.candidates_per_round:
                chosen = itertools.islice(found, self.candidates_per_round)
                return [dict(zip(self.ranges, one, strict=True)) for one in chosen]
        raise ValueError(
            f"sweep: the ranges hold {len(found)} different candidates, "
            f"{self.candidates_per_round} are wanted: widen a range, or ask for fewer"
        )

    def _spread(
        self, chance: Random, ends: Range, *, is_integer: bool
    ) -> Iterator[HyperparameterValue]:
        """Yield a value from each of as many equal parts of a range as there are candidates."""
        count = self.candidates_per_round
        parts = sorted(range(count), key=lambda _: chance.random())
        for part in parts:
            yield _at(ends, (part + chance.random()) / count, is_integer=is_integer)


def _at(ends: Range, share: float, *, is_integer: bool) -> HyperparameterValue:
    """Return what lies at a share in [0, 1) of a range."""
    low, high = ends
    if is_integer:
        return int(low) + int(share * (int(high) - int(low) + 1))
    if low > 0 and high / low >= _ORDER_OF_MAGNITUDE:
        value = low * (high / low) ** share
    else:
        value = low + (high - low) * share
    return min(max(float(f"{value:.{_DIGITS}g}"), low), high)


def _check_range(hyperparameter: Hyperparameter, low: object, high: object) -> None:
    if (
        hyperparameter.type != "choice"
        and isinstance(low, int | float)
        and isinstance(high, int | float)
        and low < high
    ):
        return
    raise ValueError(
        f"sweep: the range of {hyperparameter.name} must go from a number up to a larger one, got "
        f"{low!r} to {high!r}: use Sweep.grid for single values and for words"
    )
