"""Task states that fail on demand: before their call, as if it was refused, or after it.

A failure after the call is one whose caller never learns that it took effect.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bedrock_customization_local.cloud.stepfunctions.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_customization_local.cloud.untyped import Json


class Moment(StrEnum):
    """When a state fails."""

    BEFORE_CALL = "before the call"
    AFTER_CALL = "after the call"
    THROTTLED = "throttled"
    """It does not fail: the transition to it waits for the account's quota, and goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StateFault:
    """A Task state that fails.

    Args:
        state: Its name.
        error: Error name, which Retry and Catch compare with.
        cause: What a person reads.
        moment: When it fails.
        execution: Name of the execution it hits; None for any.
        machine: Name of the state machine, which that of a Map's children begins with; empty for
            any.
        times: How often at most; None for ever.
    """

    state: str
    error: str = "Injected"
    cause: str = "a fault was injected"
    moment: Moment = Moment.BEFORE_CALL
    execution: str | None = None
    machine: str = ""
    times: int | None = 1


class StateFaults:
    """The faults of the state machines of one embedded AWS.

    Args:
        on_throttle: Told the ARN of the state machine of each transition that is throttled.
    """

    def __init__(self, on_throttle: Callable[[str], None] = lambda _machine: None) -> None:
        self._on_throttle = on_throttle
        self._lock = threading.Lock()
        self._armed: list[tuple[StateFault, list[int]]] = []
        self._injected: list[StateFault] = []

    @property
    def injected(self) -> tuple[StateFault, ...]:
        """The faults that hit, in order."""
        with self._lock:
            return tuple(self._injected)

    def inject(self, *faults: StateFault) -> None:
        """Arm faults."""
        with self._lock:
            self._armed += [(fault, [0]) for fault in faults]

    def clear(self) -> None:
        """Disarm all faults."""
        with self._lock:
            self._armed.clear()

    def check(self, moment: Moment, context: Mapping[str, Json]) -> None:
        """Fail the state that a context object tells of, or throttle it, if a fault says so.

        Raises:
            StateError: A fault does.
        """
        hit = self._hit(moment, context)
        if hit is not None and moment is Moment.THROTTLED:
            self._on_throttle(context["StateMachine"]["Id"])
        elif hit is not None:
            raise StateError(hit.error, hit.cause)

    def _hit(self, moment: Moment, context: Mapping[str, Json]) -> StateFault | None:
        with self._lock:
            for fault, hits in self._armed:
                if (
                    fault.moment is moment
                    and fault.state == context["State"]["Name"]
                    and fault.execution in {None, context["Execution"]["Name"]}
                    and context["StateMachine"]["Name"].startswith(fault.machine)
                    and (fault.times is None or hits[0] < fault.times)
                ):
                    hits[0] += 1
                    self._injected.append(fault)
                    return fault
        return None
