"""How long work may go on: time-outs and cancellation that every wait obeys."""

# ruff: noqa: SLF001 - a scope looks into the scopes around it, which are of its own class

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Final, TypeVar

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.stepfunctions.errors import Closed

T = TypeVar("T")

# A scaled wait is taken in slices of this many real seconds, so that an abort ends it at once.
_SLICE_SECONDS: Final = 0.05


class Scope:
    """A stretch of work that can be cancelled or time out, with everything inside it.

    Args:
        clock: Shortens waits; its `monotonic` measures time-outs, which are real.
        parent: The stretch of work that this one belongs to.
        timeout: Real seconds after which `expired` is raised; None for no limit.
        expired: Makes the exception of the time-out.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        parent: "Scope | None" = None,
        timeout: float | None = None,
        expired: Callable[[], Exception] = TimeoutError,
    ) -> None:
        self.clock = clock
        self._parent = parent
        self._deadline = None if timeout is None else clock.monotonic() + timeout
        self._expired = expired
        self._lock = Lock()
        self._reason: Exception | None = None
        self._waiting: set[Event] = set()

    def child(
        self, *, timeout: float | None = None, expired: Callable[[], Exception] = TimeoutError
    ) -> "Scope":
        """Return a stretch of work inside this one."""
        return Scope(self.clock, parent=self, timeout=timeout, expired=expired)

    def cancel(self, reason: Exception) -> None:
        """End everything inside with `reason`; the first reason counts."""
        with self._lock:
            self._reason = self._reason or reason
            waiting = list(self._waiting)
        for event in waiting:
            event.set()

    def check(self) -> None:
        """Raise why this work has to end, outermost reason first; return if it may go on."""
        for scope in reversed(list(self._chain())):
            if scope._reason is not None:
                raise scope._reason
            if scope._deadline is not None and self.clock.monotonic() >= scope._deadline:
                raise scope._expired()

    def sleep(self, seconds: float) -> None:
        """Wait what AWS would call `seconds`.

        Raises:
            Exception: Whatever cancelled this scope, or the exception of its time-out.
        """
        scale = self.clock.scale
        step = _SLICE_SECONDS / scale if scale > 0 else seconds
        left = seconds
        self.check()
        while left > 0:
            self.clock.wait(min(step, left))
            left -= step
            if self.clock.stop.is_set():
                raise Closed
            self.check()

    def wait_for(self, done: Event, timeout: float | None = None) -> bool:
        """Wait until `done` is set; real seconds.

        Args:
            done: What to wait for. It is also set when this scope is cancelled.
            timeout: Real seconds to wait at most.

        Returns:
            Whether it was set within `timeout`.

        Raises:
            Exception: Whatever cancelled this scope, or the exception of its time-out.
        """
        with self._watching(done):
            self.check()
            left = self._remaining()
            if timeout is not None:
                left = timeout if left is None else min(left, timeout)
            is_set = done.wait(left)
            self.check()
            return is_set

    def call(self, work: Callable[[], T]) -> T:
        """Do work that cannot be interrupted on a thread of its own, and leave it if need be.

        Args:
            work: A call that blocks, such as an HTTP request.

        Returns:
            What the work returned.

        Raises:
            Exception: What the work raised, or what ended this scope first.
        """
        done = Event()
        results: list[T] = []
        failures: list[Exception] = []

        def run() -> None:
            try:
                results.append(work())
            except Exception as error:  # noqa: BLE001 - raised again on the thread that waits
                failures.append(error)
            done.set()

        Thread(target=run, daemon=True, name="task").start()
        self.wait_for(done)
        if failures:
            raise failures[0]
        return results[0]

    def _chain(self) -> "Iterator[Scope]":
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope._parent

    def _remaining(self) -> float | None:
        deadlines = [s._deadline for s in self._chain() if s._deadline is not None]
        return max(0.0, min(deadlines) - self.clock.monotonic()) if deadlines else None

    @contextmanager
    def _watching(self, event: Event) -> Iterator[None]:
        for scope in self._chain():
            with scope._lock:
                scope._waiting.add(event)
        try:
            yield
        finally:
            for scope in self._chain():
                with scope._lock:
                    scope._waiting.discard(event)
