"""What can go wrong in a run: errors that states report, and interruptions from outside.

```
StateError            a state reports it; Retry and Catch may handle it
Interrupted           something outside the state ends it; nothing handles it
├── Aborted           StopExecution
├── TimedOut          the execution ran longer than its TimeoutSeconds
├── Superseded        a sibling branch or iteration failed first
└── Closed            the embedded AWS goes down
```
"""

from enum import StrEnum


class ErrorName(StrEnum):
    """The error names of the Amazon States Language that are raised here."""

    ALL = "States.ALL"
    DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
    EXCEED_TOLERATED_FAILURE_THRESHOLD = "States.ExceedToleratedFailureThreshold"
    HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
    INTRINSIC_FAILURE = "States.IntrinsicFailure"
    ITEM_READER_FAILED = "States.ItemReaderFailed"
    NO_CHOICE_MATCHED = "States.NoChoiceMatched"
    PARAMETER_PATH_FAILURE = "States.ParameterPathFailure"
    PERMISSIONS = "States.Permissions"
    QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
    RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"
    RESULT_WRITER_FAILED = "States.ResultWriterFailed"
    RUNTIME = "States.Runtime"
    TASK_FAILED = "States.TaskFailed"
    TIMEOUT = "States.Timeout"


class StateError(Exception):
    """A state failed.

    Args:
        error: The error name that Retry and Catch compare with.
        cause: What a person reads; None when there is nothing to say.
        location: For a query that failed: the field it stands in.
    """

    def __init__(self, error: str, cause: str | None = None, location: str | None = None) -> None:
        super().__init__(f"{error}: {cause}" if cause else error)
        self.error = str(error)
        self.cause = cause
        self.location = location

    @property
    def output(self) -> dict[str, str]:
        """The error output that a Catch hands on."""
        return {"Error": self.error, "Cause": self.cause or ""}


class Interrupted(Exception):  # noqa: N818 - an interruption is not an error of the state it ends
    """Something outside the state ends it."""


class Aborted(Interrupted):
    """Somebody stopped the execution.

    Args:
        error: The error name given to StopExecution, if any.
        cause: The cause given to StopExecution, if any.
    """

    def __init__(self, error: str | None = None, cause: str | None = None) -> None:
        super().__init__(error or "aborted")
        self.error = error
        self.cause = cause


class TimedOut(Interrupted):
    """The execution ran longer than its TimeoutSeconds."""


class Superseded(Interrupted):
    """A sibling branch or iteration failed first."""


class Closed(Interrupted):
    """The embedded AWS goes down: nothing is cleaned up, because nothing is left to clean."""
