"""A map run: the child executions of a distributed Map state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock, Thread
from typing import Final, Protocol

from bedrock_customization_local.cloud.stepfunctions.errors import (
    ErrorName,
    Interrupted,
    StateError,
)
from bedrock_customization_local.cloud.stepfunctions.maps.result_writer import ChildResult
from bedrock_customization_local.cloud.stepfunctions.scope import Scope

DISTRIBUTED_CONCURRENCY: Final = 64
"""Child executions at a time on one machine; AWS runs up to 10,000."""

_COUNTED: Final = {
    "PENDING": "pending",
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timedOut",
    "ABORTED": "aborted",
}


class Child(Protocol):
    """A child execution."""

    @property
    def status(self) -> str:
        """Its status; `PENDING` before it starts."""

    @property
    def item_count(self) -> int:
        """How many items it works on."""

    def run(self, scope: Scope) -> None:
        """Run it to its end, or from where it failed."""

    def result(self) -> ChildResult:
        """Return how it ended."""


@dataclass(slots=True)
class MapRun:
    """The child executions of a distributed Map state, and how they fare.

    Args:
        arn: Its ARN.
        execution_arn: The execution that started it.
        state_machine_arn: What its children run: the machine's ARN and the map's label.
        max_concurrency: Children at a time; 0 for as many as the machine bears.
        tolerated_count: How many items may fail.
        tolerated_percentage: What share of the items may fail.
        started: When it began.
        children: Its child executions.
    """

    arn: str
    execution_arn: str
    state_machine_arn: str
    max_concurrency: int
    tolerated_count: int | None
    tolerated_percentage: float | None
    started: datetime
    children: Sequence[Child]
    status: str = "RUNNING"
    stopped: datetime | None = None
    redrives: int = 0
    redriven: datetime | None = None
    results_written: int = 0
    _waiting: set[int] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def run(self, scope: Scope, now: Callable[[], datetime]) -> list[ChildResult]:
        """Run the children that have not succeeded.

        Args:
            scope: What can end them early.
            now: Tells the time.

        Returns:
            The results of all children, in the order of the items.

        Raises:
            StateError: `States.ExceedToleratedFailureThreshold`.
            Interrupted: Something outside ended them.
        """
        self.status, self.stopped = "RUNNING", None
        try:
            self._run_children(scope)
            scope.check()
        except Interrupted:
            self.status = "ABORTED"
            raise
        finally:
            self.stopped = now()
        if self._has_failed_too_often():
            self.status = "FAILED"
            raise StateError(
                ErrorName.EXCEED_TOLERATED_FAILURE_THRESHOLD,
                "The specified tolerated failure threshold was exceeded",
            )
        self.status = "SUCCEEDED"
        return [child.result() for child in self.children]

    def fail(self) -> None:
        """Note that what came after the children failed."""
        self.status = "FAILED"

    def counts(self, *, of_items: bool) -> dict[str, int]:
        """Return how many executions, or items, are in which state."""
        counts = dict.fromkeys((*_COUNTED.values(), "total", "resultsWritten"), 0)
        for child in self.children:
            amount = child.item_count if of_items else 1
            counts["total"] += amount
            # A child that failed before a redrive waits again, and does not count as failed.
            is_waiting = id(child) in self._waiting
            counts["pending" if is_waiting else _COUNTED[child.status]] += amount
        counts["resultsWritten"] = self.results_written
        return counts

    def _run_children(self, scope: Scope) -> None:
        own = scope.child()
        unfinished = [child for child in self.children if child.status != "SUCCEEDED"]
        self._waiting = {id(child) for child in unfinished}
        waiting = iter(unfinished)

        def work() -> None:
            while True:
                with self._lock:
                    child = None if self._has_failed_too_often() else next(waiting, None)
                if child is None:
                    return
                self._waiting.discard(id(child))
                child.run(own)
                if self._has_failed_too_often():
                    own.cancel(MapRunFailed())

        limit = self.max_concurrency or DISTRIBUTED_CONCURRENCY
        count = min(limit, DISTRIBUTED_CONCURRENCY, len(self.children))
        threads = [Thread(target=work, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _has_failed_too_often(self) -> bool:
        counts = self.counts(of_items=True)
        failed = counts["failed"] + counts["timedOut"] + counts["aborted"]
        if failed == 0:
            return False
        limits: list[float] = []
        if self.tolerated_count is not None:
            limits.append(self.tolerated_count)
        if self.tolerated_percentage is not None:
            limits.append(counts["total"] * self.tolerated_percentage / 100)
        # With both given, exceeding either ends the run.
        return failed > (min(limits) if limits else 0)


class MapRunFailed(Interrupted):
    """Too many items failed: the children that still run are ended."""
