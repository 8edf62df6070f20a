"""Activities: tasks that a worker fetches."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition

from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.stepfunctions.task import TaskCall
from bedrock_customization_local.cloud.untyped import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivityTask:
    """A task that waits for a worker.

    Args:
        token: With which the worker reports back.
        input: The task's input as JSON text.
        fetched: To be told the name of the worker that fetches it, or None.
    """

    token: str
    input: str
    fetched: Callable[[str | None], None]


class ActivityQueues:
    """The tasks of all activities that wait for a worker."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._queues: dict[str, deque[ActivityTask]] = {}
        self._is_closed = False

    def offer(self, call: TaskCall) -> Json:
        """Queue a task of an activity."""
        task = ActivityTask(
            token=call.token or "", input=dump(call.arguments), fetched=call.submitted
        )
        with self._changed:
            self._queues.setdefault(call.resource.arn, deque()).append(task)
            self._changed.notify_all()
        return {}

    def take(self, arn: str, worker: str | None, timeout: float) -> ActivityTask | None:
        """Return the oldest task of an activity, or None if there is none within `timeout`.

        Args:
            arn: The activity.
            worker: Who fetches it, for the history.
            timeout: Real seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or bool(self._queues.get(arn)), timeout)
            queue = self._queues.get(arn)
            task = queue.popleft() if queue else None
        if task is not None:
            task.fetched(worker)
        return task

    def close(self) -> None:
        """Send every waiting worker home."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
