"""What goes wrong at the hub on demand: named, counted, seeded, the same in every run."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase


class Host(StrEnum):
    """Who answers."""

    HUB = "hub"
    """The hub's own host, the only one that a token is meant for."""
    CDN = "cdn"
    """The other host, from which large files come."""


class HubFaultKind(StrEnum):
    """What goes wrong."""

    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    THROTTLE = "429"
    """With Retry-After."""
    SERVER_ERROR = "500"
    RESET = "reset"
    """The connection is reset when half of the body is sent."""
    TRUNCATE = "truncate"
    """The connection is closed when half of the body is sent, as if that was all."""
    WRONG_SIZE = "wrong size"
    """Sizes are told a byte too large; the body is right."""
    WRONG_BYTES = "wrong bytes"
    """The byte in the middle of the body is another one."""
    REDIRECT = "redirect"
    """The caller is sent to the other host, which asks for no token and answers all."""
    SLOW = "slow"
    """The body pauses in its middle."""


OF_BODIES = frozenset(
    {HubFaultKind.RESET, HubFaultKind.TRUNCATE, HubFaultKind.WRONG_BYTES, HubFaultKind.SLOW}
)
"""Faults of bodies; answers without one they do not hit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HubFault:
    """Something that goes wrong.

    Args:
        kind: What goes wrong.
        name: For the record of what was injected; empty for the kind's.
        host: Who answers so.
        path: Which paths it hits, with `*`: `*/resolve/*`, `/api/models/*`.
        times: How often at most; None for ever.
        share: Share of the matching requests that it hits, drawn with `seed`.
        seed: Of the draw.
        seconds: Of a pause, and what Retry-After says, in whole seconds.
    """

    kind: HubFaultKind
    name: str = ""
    host: Host = Host.HUB
    path: str = "*"
    times: int | None = 1
    share: float = 1.0
    seed: int = 0
    seconds: float = 1.0


@dataclass(slots=True)
class _Armed:
    fault: HubFault
    left: int | None
    rng: random.Random = field(repr=False)


class HubFaults:
    """The faults of one hub."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []
        self._injected: list[str] = []

    @property
    def injected(self) -> tuple[str, ...]:
        """Names of the faults that hit, in order."""
        with self._lock:
            return tuple(self._injected)

    def inject(self, *faults: HubFault) -> None:
        """Arm faults."""
        with self._lock:
            self._armed += [
                _Armed(fault, fault.times, random.Random(fault.seed)) for fault in faults
            ]

    def clear(self) -> None:
        """Disarm all faults."""
        with self._lock:
            self._armed.clear()

    def take(self, host: Host, path: str, *, has_body: bool) -> HubFault | None:
        """Return what goes wrong with a request, if anything.

        Args:
            host: Who answers it.
            path: Its path, without the query.
            has_body: Whether the answer has a body.
        """
        with self._lock:
            for armed in self._armed:
                fault = armed.fault
                if (
                    fault.host is host
                    and fnmatchcase(path, fault.path)
                    and (has_body or fault.kind not in OF_BODIES)
                    and armed.left != 0
                    and armed.rng.random() < fault.share
                ):
                    if armed.left is not None:
                        armed.left -= 1
                    self._injected.append(fault.name or fault.kind.value)
                    return fault
        return None
