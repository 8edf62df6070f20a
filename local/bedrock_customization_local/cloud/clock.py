"""Time in the embedded AWS: real, but waits are short."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event


@dataclass(frozen=True, slots=True)
class Clock:
    """Shortens waits by a factor; never a time-out, because the work behind it is real.

    Args:
        scale: What a second of waiting in AWS lasts here, in seconds.
        stop: Set to end every wait at once, when the embedded AWS goes down.
    """

    scale: float = 0.001
    stop: Event = field(default_factory=Event)

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        """Wait what AWS would call `seconds`."""
        self.stop.wait(seconds * self.scale)

    def monotonic(self) -> float:
        """Return unscaled seconds, for time-outs."""
        return time.monotonic()
