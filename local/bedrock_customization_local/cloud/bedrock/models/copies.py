"""Copies of imported models: started when somebody asks, gone when nobody does, billed by windows.

Idle time is scaled like every wait, but is never shorter than a few seconds of this machine: what
asks works in the machine's time, and would find every model cold again before its next question.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bedrock_customization_local.cloud.bedrock.errors import ModelNotReadyError
from bedrock_customization_runtime.catalog import import_rules

if TYPE_CHECKING:
    from bedrock_customization_local.cloud.clock import Clock

_START_SECONDS = 60
_SHORTEST_IDLE = 5.0
_MINUTE = 60


@dataclass(slots=True)
class Copies:
    """The copies of one imported model: never more than one, here.

    Args:
        clock: Scales times.
    """

    clock: Clock
    _ready: float | None = field(default=None, init=False)
    """When the copy can answer; None without one."""
    _used: float = field(default=0.0, init=False)
    _window_end: float | None = field(default=None, init=False)

    def ask(self) -> None:
        """Make sure that a copy can answer now.

        Raises:
            ModelNotReadyError: None can, yet: one is starting.
        """
        now = self._now()
        if self._ready is None or now - max(self._ready, self._used) >= self._idle():
            self.stop()
            self._ready = now + _START_SECONDS
        if now < self._ready:
            raise ModelNotReadyError("Model is not ready for inference. Wait and try again.")

    def answered(self) -> int:
        """Count an answer.

        Returns:
            Minutes that a copy bills for it: of the windows that have begun and were not billed.
        """
        now = self._used = self._now()
        minutes = import_rules().running.window_minutes
        if self._window_end is None:
            begun, self._window_end = 1, now
        else:
            begun = max(0, int((now - self._window_end) // (minutes * _MINUTE)) + 1)
        self._window_end += begun * minutes * _MINUTE
        return begun * minutes

    def stop(self) -> None:
        """Let the copy go."""
        self._ready, self._window_end = None, None

    def _idle(self) -> float:
        scale = self.clock.scale or 1.0
        return max(import_rules().running.idle_minutes * _MINUTE, _SHORTEST_IDLE / scale)

    def _now(self) -> float:
        return self.clock.monotonic() / (self.clock.scale or 1.0)
