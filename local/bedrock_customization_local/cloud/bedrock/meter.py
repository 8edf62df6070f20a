"""What AWS would have billed: every charge with its quantity, and its price where one is known.

An unknown price is None, never zero. Time passes as the embedded AWS's clock scales it, so an hour
of provisioned throughput is an hour of AWS, not of the person waiting.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_customization_local.cloud.clock import Clock
    from bedrock_customization_runtime.catalog import Price

_HOUR = 3600.0
_MONTH = 30 * 24 * _HOUR


class Unit(StrEnum):
    """What is counted."""

    TRAINING_TOKENS = "training tokens"
    INPUT_TOKENS = "input tokens"
    OUTPUT_TOKENS = "output tokens"
    MODEL_MONTHS = "model months"
    """Of storage, 30 days each."""
    CUSTOM_MODEL_UNIT_MINUTES = "custom model unit minutes"
    """Of copies of imported models, begun windows counted whole."""
    CUSTOM_MODEL_UNIT_MONTHS = "custom model unit months"
    """Of the storage of imported models, 30 days each."""
    MODEL_UNIT_HOURS = "model unit hours"
    """Of provisioned throughput, begun hours counted whole."""


@dataclass(frozen=True, slots=True)
class LineItem:
    """A charge.

    Args:
        resource: ARN, or id of a foundation model.
        unit: What is counted.
        quantity: How much.
        usd: US dollars; None where the price is not known.
    """

    resource: str
    unit: Unit
    quantity: float
    usd: float | None


@dataclass(frozen=True, slots=True)
class _Running:
    resource: str
    unit: Unit
    rate: float
    price: float | None
    since: float


class Meter:
    """Counts charges."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: dict[tuple[str, Unit], LineItem] = {}
        self._running: dict[str, _Running] = {}

    def lines(self) -> tuple[LineItem, ...]:
        """Return every charge up to now, one for each resource and unit."""
        with self._lock:
            lines = dict(self._lines)
            for running in self._running.values():
                _add(lines, self._charge(running))
            return tuple(lines.values())

    def running(self) -> tuple[LineItem, ...]:
        """Return what bills by the hour or the month now, with its charge so far."""
        with self._lock:
            return tuple(self._charge(running) for running in self._running.values())

    def count_tokens(self, resource: str, unit: Unit, tokens: int, per_1k: Price | None) -> None:
        """Add tokens to a resource's charge."""
        usd = None if per_1k is None else tokens / 1000 * per_1k.usd
        with self._lock:
            _add(self._lines, LineItem(resource, unit, tokens, usd))

    def count_unit_minutes(self, model_arn: str, minutes: int, per_minute: Price) -> None:
        """Add minutes of custom model units to an imported model's charge."""
        unit = Unit.CUSTOM_MODEL_UNIT_MINUTES
        with self._lock:
            _add(self._lines, LineItem(model_arn, unit, minutes, minutes * per_minute.usd))

    def start_unit_storage(self, model_arn: str, units: int, per_month: Price) -> None:
        """An imported model bills by the month and by its custom model units from now."""
        self._start(model_arn, Unit.CUSTOM_MODEL_UNIT_MONTHS, units, per_month)

    def start_storage(self, model_arn: str, per_month: Price | None) -> None:
        """A custom model bills by the month from now."""
        self._start(model_arn, Unit.MODEL_MONTHS, 1, per_month)

    def start_throughput(self, arn: str, model_units: int, per_hour: Price | None) -> None:
        """Provisioned throughput bills by the hour from now."""
        self._start(arn, Unit.MODEL_UNIT_HOURS, model_units, per_hour)

    def stop(self, resource: str) -> None:
        """A resource is gone, and with it its charge by time."""
        with self._lock:
            running = self._running.pop(resource, None)
            if running is not None:
                _add(self._lines, self._charge(running))

    def _start(self, resource: str, unit: Unit, rate: float, price: Price | None) -> None:
        with self._lock:
            self._running[resource] = _Running(
                resource, unit, rate, None if price is None else price.usd, self._clock.monotonic()
            )

    def _charge(self, running: _Running) -> LineItem:
        seconds = self._clock.monotonic() - running.since
        seconds = seconds / self._clock.scale if self._clock.scale else seconds
        if running.unit is Unit.MODEL_UNIT_HOURS:
            quantity = running.rate * max(1, -(-seconds // _HOUR))
        else:
            quantity = running.rate * seconds / _MONTH
        usd = None if running.price is None else quantity * running.price
        return LineItem(running.resource, running.unit, quantity, usd)


def _add(lines: dict[tuple[str, Unit], LineItem], item: LineItem) -> None:
    key = (item.resource, item.unit)
    known = lines.get(key)
    if known is None:
        lines[key] = item
        return
    usd = None if known.usd is None or item.usd is None else known.usd + item.usd
    lines[key] = replace(known, quantity=known.quantity + item.quantity, usd=usd)
