"""What a run must show and may cost: what arguments and a use case say of it, held together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self, TypeVar

from bedrock_customization.gate import Gate
from bedrock_customization.metric import metric_input
from bedrock_customization_runtime.contract import MetricName

if TYPE_CHECKING:
    from bedrock_customization.metric import Metric
    from bedrock_customization.use_case import UseCase

_Value = TypeVar("_Value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Aims:
    """What decides on a candidate, and what the run may cost.

    Args:
        metric: What answers are measured by.
        target: The metric from which there is no need to tune, if any.
        gate: What the tuned model must show.
        max_cost_usd: What the run may cost, in US dollars, if that is limited.
    """

    metric: Metric
    target: float | None
    gate: Gate
    max_cost_usd: float | None

    @classmethod
    def agreed(
        cls,
        use_case: UseCase | None,
        *,
        metric: Metric | None,
        target: float | None,
        gate: Gate | None,
        max_cost_usd: float | None,
    ) -> Self:
        """Return what arguments say, and where they say nothing the use case, or the default.

        Raises:
            ValueError: Arguments and use case contradict each other.
        """
        return cls(
            metric=_metric(metric, use_case),
            target=_agreed("target", target, "target", use_case.target if use_case else None),
            gate=_gate(gate, use_case),
            max_cost_usd=_agreed(
                "max_cost_usd",
                max_cost_usd,
                "max_cost_usd",
                use_case.max_cost_usd if use_case else None,
            ),
        )


def _metric(given: Metric | None, use_case: UseCase | None) -> Metric:
    stated = use_case.metric if use_case else None
    if given is None or isinstance(given, MetricName):
        return _agreed("metric", given, "metric", stated) or MetricName.ACCURACY
    _agreed("metric", metric_input(given)["metric"], "metric", stated and stated.value)
    return given


def _gate(given: Gate | None, use_case: UseCase | None) -> Gate:
    gate, margin = given or Gate(), use_case.margin if use_case else None
    # A gate that asks for no particular improvement leaves it to the use case.
    improvement = _agreed(
        "gate.min_improvement", gate.min_improvement or None, "margin", margin
    )
    return replace(gate, min_improvement=improvement or 0.0)


def _agreed(name: str, given: _Value | None, field: str, stated: _Value | None) -> _Value | None:
    """Return what an argument and a field of the use case say of the same thing."""
    if given is None or stated is None or given == stated:
        return stated if given is None else given
    raise ValueError(
        f"{name} is {given!r} but the use case states {field} = {stated!r}: say it in one place, "
        "best in the use case"
    )
