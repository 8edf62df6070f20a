"""What a Task state hands to the outside: one call, and the events that tell of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.history import Trail
from bedrock_customization_local.cloud.stepfunctions.language.resources import Kind, Resource
from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.stepfunctions.scope import Scope
from bedrock_customization_local.cloud.untyped import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskCall:
    """One call of a Task state.

    Args:
        resource: What to call.
        arguments: The task's parameters, computed.
        role_arn: Whose permissions the call has.
        assumed_by: The machine's role, if `role_arn` comes from `Credentials`.
        execution_arn: The execution that makes it.
        token: The task token, if the task waits for one.
        scope: What can end the call early: every wait in it goes through this.
        submitted: To be told, once, what the service answered to a request that is then waited for;
            of an activity, the name of the worker that fetched the task.
    """

    resource: Resource
    arguments: Json
    role_arn: str
    assumed_by: str | None
    execution_arn: str
    token: str | None
    scope: Scope
    submitted: Callable[[Json], None]


class TaskCaller(Protocol):
    """Does what a Task state asks for; a plain function will do in tests."""

    def __call__(self, call: TaskCall, /) -> Json:
        """Call the resource.

        Returns:
            The result, as plain JSON. For a task that waits for a token the result is ignored: it
            is the answer to the request, and the token brings the result.

        Raises:
            StateError: The task failed.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """How a task was scheduled, for its first event.

    Args:
        resource: What is called.
        region: The Region it is called in.
        arguments: Its parameters.
        timeout: Its TimeoutSeconds, if given.
        heartbeat: Its HeartbeatSeconds, if given.
        credentials: The role of its `Credentials`, if given.
    """

    resource: Resource
    region: str
    arguments: Json
    timeout: float | None
    heartbeat: float | None
    credentials: str | None


class TaskEvents(Protocol):
    """Tells the history what happens to a task."""

    def scheduled(self, schedule: Schedule) -> None:
        """The task is about to be called, and is."""

    def submitted(self, output: Json) -> None:
        """The service accepted a request that is then waited for."""

    def succeeded(self, output: Json) -> None:
        """The task has its result."""

    def failed(self, error: StateError) -> None:
        """The task failed or timed out."""


def events_of(resource: Resource, trail: Trail) -> TaskEvents:
    """Return the events of a kind of task."""
    if resource.kind is Kind.LAMBDA:
        return _FunctionEvents(trail, "LambdaFunction")
    if resource.kind is Kind.ACTIVITY:
        return _FunctionEvents(trail, "Activity")
    return _ServiceEvents(trail, resource)


class _FunctionEvents:
    """The events of a function or an activity called by its ARN."""

    def __init__(self, trail: Trail, prefix: str) -> None:
        self._trail = trail
        self._prefix = prefix

    def scheduled(self, schedule: Schedule) -> None:
        details = {
            "resource": schedule.resource.arn,
            "input": dump(schedule.arguments),
            "inputDetails": {"truncated": False},
            **_limits(schedule, with_heartbeat=self._prefix == "Activity"),
        }
        self._trail.add(f"{self._prefix}Scheduled", details)
        if self._prefix == "LambdaFunction":
            self._trail.add("LambdaFunctionStarted")

    def submitted(self, output: Json) -> None:
        # An activity's task is accepted by the worker that fetches it.
        self._trail.add(f"{self._prefix}Started", {"workerName": output} if output else {})

    def succeeded(self, output: Json) -> None:
        details = {"output": dump(output), "outputDetails": {"truncated": False}}
        self._trail.add(f"{self._prefix}Succeeded", details)

    def failed(self, error: StateError) -> None:
        self._trail.add(f"{self._prefix}{_ending(error)}", failure(error))


class _ServiceEvents:
    """The events of a call to a service."""

    def __init__(self, trail: Trail, resource: Resource) -> None:
        self._trail = trail
        self._names = {
            "resource": resource.name_in_events,
            "resourceType": resource.type_in_events,
        }

    def scheduled(self, schedule: Schedule) -> None:
        details = {
            **self._names,
            "region": schedule.region,
            "parameters": dump(schedule.arguments),
            **_limits(schedule, with_heartbeat=True),
        }
        self._trail.add("TaskScheduled", details)
        self._trail.add("TaskStarted", self._names)

    def submitted(self, output: Json) -> None:
        self._trail.add("TaskSubmitted", {**self._names, **_output(output)})

    def succeeded(self, output: Json) -> None:
        self._trail.add("TaskSucceeded", {**self._names, **_output(output)})

    def failed(self, error: StateError) -> None:
        self._trail.add(f"Task{_ending(error)}", {**self._names, **failure(error)})


def failure(error: StateError) -> dict[str, str]:
    """Return an error as history events and responses have it."""
    if error.cause is None:
        return {"error": error.error}
    return {"error": error.error, "cause": error.cause}


def _output(output: Json) -> dict[str, Json]:
    return {"output": dump(output), "outputDetails": {"truncated": False}}


def _ending(error: StateError) -> str:
    timeouts = {ErrorName.TIMEOUT, ErrorName.HEARTBEAT_TIMEOUT}
    return "TimedOut" if error.error in timeouts else "Failed"


def _limits(schedule: Schedule, *, with_heartbeat: bool) -> Mapping[str, Json]:
    limits: dict[str, Json] = {}
    if schedule.timeout is not None:
        limits["timeoutInSeconds"] = int(schedule.timeout)
    if schedule.heartbeat is not None and with_heartbeat:
        limits["heartbeatInSeconds"] = int(schedule.heartbeat)
    if schedule.credentials is not None and schedule.resource.kind is not Kind.ACTIVITY:
        limits["taskCredentials"] = {"roleArn": schedule.credentials}
    return limits
