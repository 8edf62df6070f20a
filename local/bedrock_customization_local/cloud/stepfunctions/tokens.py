"""Task tokens: how work outside the interpreter reports back."""

from dataclasses import dataclass, field
from threading import Event, Lock
from uuid import uuid4

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.scope import Scope
from bedrock_customization_local.cloud.untyped import Json


class TaskGone(Exception):  # noqa: N818 - named by what happened to the task
    """The task that a token stands for is over: it ended, timed out or was aborted."""


class UnknownToken(ValueError):  # noqa: N818 - named by what is wrong with the token
    """No task was ever given this token."""


@dataclass(slots=True)
class PendingTask:
    """A task that waits for its token to come back.

    Args:
        token: What stands for it outside.
    """

    token: str
    _heard: Event = field(default_factory=Event)
    _output: Json = None
    _error: StateError | None = None
    _is_over: bool = False

    def wait(self, scope: Scope, heartbeat: float | None) -> Json:
        """Wait for the answer.

        Args:
            scope: What can end the wait early.
            heartbeat: Real seconds within which something must be heard, again and again.

        Raises:
            StateError: The failure that was reported, or `States.HeartbeatTimeout`.
        """
        while not self._is_over:
            if not scope.wait_for(self._heard, timeout=heartbeat) and not self._is_over:
                raise StateError(ErrorName.HEARTBEAT_TIMEOUT)
            self._heard.clear()
        if self._error is not None:
            raise self._error
        return self._output

    def answer(self, output: Json, error: StateError | None) -> None:
        """End the task with an output or an error."""
        self._output, self._error, self._is_over = output, error, True
        self._heard.set()

    def beat(self) -> None:
        """Say that the task is alive."""
        self._heard.set()


class TaskTokens:
    """The tasks that wait for a token."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: dict[str, PendingTask] = {}
        self._issued: set[str] = set()

    def create(self) -> PendingTask:
        """Return a new task that waits."""
        task = PendingTask(token=uuid4().hex + uuid4().hex)
        with self._lock:
            self._pending[task.token] = task
            self._issued.add(task.token)
        return task

    def forget(self, task: PendingTask) -> None:
        """Stop waiting for a task: its token is worth nothing from now on."""
        with self._lock:
            self._pending.pop(task.token, None)

    def succeed(self, token: str, output: Json) -> None:
        """End a task with an output.

        Raises:
            TaskGone: It is over already.
            UnknownToken: There never was one.
        """
        self._take(token).answer(output, None)

    def fail(self, token: str, error: str, cause: str | None) -> None:
        """End a task with an error.

        Raises:
            TaskGone: It is over already.
            UnknownToken: There never was one.
        """
        self._take(token).answer(None, StateError(error, cause))

    def beat(self, token: str) -> None:
        """Keep a task alive.

        Raises:
            TaskGone: It is over already.
            UnknownToken: There never was one.
        """
        with self._lock:
            self._find(token).beat()

    def _take(self, token: str) -> PendingTask:
        with self._lock:
            task = self._find(token)
            del self._pending[token]
            return task

    def _find(self, token: str) -> PendingTask:
        if token not in self._issued:
            raise UnknownToken("the task token was issued by nobody")
        if token not in self._pending:
            raise TaskGone("the task ended, timed out or was aborted")
        return self._pending[token]
