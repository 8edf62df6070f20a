"""Work that goes on after a request was answered: jobs, and states that change by themselves."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_local.cloud.clock import Clock

_SLICES = 20
_LOOK_SECONDS = 0.05
_JOIN_SECONDS = 10


logger = logging.getLogger(__name__)


class Background:
    """Threads of one embedded Bedrock.

    Args:
        clock: Scales pauses.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._messenger = ThreadPoolExecutor(max_workers=1)
        self.closing = threading.Event()

    def start(self, work: Callable[[], None]) -> None:
        """Do something beside the request, unless all has ended."""
        with self._lock:
            if self.closing.is_set():
                return
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]

    def tell(self, message: Callable[[], None]) -> None:
        """Deliver a message to a listener, one after the other, in the order of the calls.

        Not in the caller's thread: a listener may ask this service something in its turn.
        """

        def deliver() -> None:
            try:
                message()
            except Exception:
                logger.exception("a listener failed")

        if not self.closing.is_set():
            self._messenger.submit(deliver)

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Do something after what AWS would call `seconds`, unless all ends before."""

        def wait_and_work() -> None:
            if self.pause(seconds):
                work()

        self.start(wait_and_work)

    def pause(self, seconds: float, until: threading.Event | None = None) -> bool:
        """Wait what AWS would call `seconds`; return False if it was cut short.

        Args:
            seconds: How long.
            until: Cuts it short when set.
        """
        for _ in range(_SLICES):
            if self._ended(until):
                return False
            self._clock.wait(seconds / _SLICES)
        return not self._ended(until)

    def wait(self, until: threading.Event) -> None:
        """Wait for an event, or for the end of all."""
        while not self._ended(until):
            until.wait(_LOOK_SECONDS)

    def close(self) -> None:
        """End every pause and wait for the threads."""
        with self._lock:
            self.closing.set()
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)
        self._messenger.shutdown(wait=False, cancel_futures=True)

    def _ended(self, until: threading.Event | None) -> bool:
        if self.closing.is_set() or self._clock.stop.is_set():
            return True
        return until is not None and until.is_set()
