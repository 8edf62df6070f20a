"""An execution's history as a person follows it: steps with their state, time and result.

Pure: events of `GetExecutionHistory` in, values out. `display` draws them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cli.messages import RunFailure
from bedrock_customization_runtime.manifest import FailureSection
from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

    from bedrock_customization_local.cli.following.definition import Definition, State


class Status(StrEnum):
    """Where a step or a run stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A state that was entered, all its visits together."""

    state: State
    status: Status
    entered: datetime
    """First."""
    ended: datetime | None
    """Last; None while it runs."""
    visits: int = 1
    failures: int = 0
    """Attempts that failed; a Retry may have followed."""
    error: str | None = None
    """Name of the last failed attempt's error."""
    detail: str = ""
    """What came out, in a few words."""

    @property
    def name(self) -> str:
        """The state's name."""
        return self.state.name

    def seconds(self, now: datetime) -> float:
        """Return how long it took so far, waits between its visits included."""
        return max(0.0, ((self.ended or now) - self.entered).total_seconds())


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """An execution up to its last event."""

    steps: tuple[Step, ...]
    """States that do work, and the Wait that is waited for now, by first entry."""
    settled: tuple[Step, ...]
    """Steps that will not run again, by first entry."""
    status: Status
    variables: Mapping[str, Any]
    """What the states assigned, by name: `contract` says which there are."""
    output: Any
    """Of a succeeded execution, else None."""
    failure: RunFailure | None

    @property
    def running(self) -> tuple[Step, ...]:
        """Steps that run now."""
        return tuple(step for step in self.steps if step.status is Status.RUNNING)


def read_history(events: Iterable[HistoryEventTypeDef], definition: Definition) -> Progress:
    """Return the progress that a history tells.

    Args:
        events: From the first, in order.
        definition: Of the execution's state machine.
    """
    history = _History(definition)
    for event in events:
        history.add(event)
    return history.progress()


@dataclass(slots=True)
class _History:
    definition: Definition
    steps: dict[str, Step] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    status: Status = Status.RUNNING
    output: Any = None
    failure: RunFailure | None = None
    owners: dict[int, str] = field(default_factory=dict)
    """State to which an event belongs, by event id: branches of a Parallel interleave."""
    left_last: str = ""
    """State that was left last."""
    failed_last: str | None = None
    """State whose attempt failed last."""
    caught: str | None = None
    """State whose failure a Catch kept: what compensates for it may fail too, later."""

    def add(self, event: HistoryEventTypeDef) -> None:
        kind = event["type"]
        if kind.endswith("StateEntered"):
            self._enter(event, event["stateEnteredEventDetails"]["name"])
        elif kind.endswith("StateExited"):
            self._exit(event)
        elif kind.startswith("Execution"):
            self._end(event)
        else:
            self._inside(event)

    def progress(self) -> Progress:
        steps = tuple(
            step
            for step in self.steps.values()
            if step.state.works or (step.state.type == "Wait" and step.status is Status.RUNNING)
        )
        running = {step.name for step in self.steps.values() if step.status is Status.RUNNING}
        # Between two states the run is still in the loop of the one it has just left.
        in_reach = running or ({self.left_last} if self.status is Status.RUNNING else set())
        return Progress(
            steps=steps,
            settled=tuple(
                step
                for step in steps
                if step.status is not Status.RUNNING and not (step.state.loop & in_reach)
            ),
            status=self.status,
            variables=self.variables,
            output=self.output,
            failure=self.failure,
        )

    def _enter(self, event: HistoryEventTypeDef, name: str) -> None:
        self.owners[event["id"]] = name
        state = self.definition.states[name]
        known = self.steps.get(name)
        if known is None:
            self.steps[name] = Step(
                state=state, status=Status.RUNNING, entered=event["timestamp"], ended=None
            )
        else:
            self.steps[name] = replace(
                known, status=Status.RUNNING, ended=None, visits=known.visits + 1
            )

    def _exit(self, event: HistoryEventTypeDef) -> None:
        details = event["stateExitedEventDetails"]
        name = details["name"]
        self.owners[event["id"]] = name
        self.left_last = name
        step = self.steps[name]
        assigned = {
            variable: json.loads(value)
            for variable, value in details.get("assignedVariables", {}).items()
        }
        self.variables.update(assigned)
        caught = assigned.get("failure") is not None
        if caught:
            self.caught = self.caught or name
        described = [describe(variable, value) for variable, value in assigned.items()]
        self.steps[name] = replace(
            step,
            status=Status.FAILED if caught else Status.SUCCEEDED,
            ended=event["timestamp"],
            detail=", ".join(filter(None, described)) or step.detail,
        )

    def _inside(self, event: HistoryEventTypeDef) -> None:
        owner = self.owners.get(event.get("previousEventId", 0))
        if owner is None:
            return
        self.owners[event["id"]] = owner
        error = _error_of(event)
        if error is not None:
            self.failed_last = owner
            step = self.steps[owner]
            self.steps[owner] = replace(step, failures=step.failures + 1, error=error)

    def _end(self, event: HistoryEventTypeDef) -> None:
        if event["type"] == "ExecutionStarted":
            return
        if event["type"] == "ExecutionRedriven":
            self.status, self.failure, self.caught = Status.RUNNING, None, None
            return
        if event["type"] == "ExecutionSucceeded":
            self.status = Status.SUCCEEDED
            output = event["executionSucceededEventDetails"].get("output")
            self.output = json.loads(output) if output else None
            return
        self.status = Status.FAILED
        self._fail_running(event["timestamp"])
        error, cause = _ending(event)
        self.failure = RunFailure(
            error=error,
            cause=wording.cause_of(FailureSection(error=error, cause=cause)),
            state=self.caught or self.failed_last,
        )

    def _fail_running(self, when: datetime) -> None:
        for name, step in self.steps.items():
            if step.status is Status.RUNNING:
                self.steps[name] = replace(step, status=Status.FAILED, ended=when)


_ATTEMPT_DETAILS = (
    "lambdaFunctionFailedEventDetails",
    "lambdaFunctionScheduleFailedEventDetails",
    "lambdaFunctionStartFailedEventDetails",
    "lambdaFunctionTimedOutEventDetails",
    "taskFailedEventDetails",
    "taskStartFailedEventDetails",
    "taskSubmitFailedEventDetails",
    "taskTimedOutEventDetails",
    "evaluationFailedEventDetails",
)


def _error_of(event: HistoryEventTypeDef) -> str | None:
    for key in _ATTEMPT_DETAILS:
        if details := event.get(key):
            return str(details.get("error", "States.TaskFailed"))  # type: ignore[attr-defined] # each of these has one
    return None


def _ending(event: HistoryEventTypeDef) -> tuple[str, str]:
    match event["type"]:
        case "ExecutionFailed":
            failed = event.get("executionFailedEventDetails", {})
            return failed.get("error", "States.Runtime"), failed.get("cause", "")
        case "ExecutionTimedOut":
            timed_out = event.get("executionTimedOutEventDetails", {})
            return timed_out.get("error", "States.Timeout"), timed_out.get("cause", "")
        case _:
            aborted = event.get("executionAbortedEventDetails", {})
            return aborted.get("error", "Aborted"), aborted.get("cause", "someone stopped it")


def describe(variable: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return what a variable of the machine says to a person, in a few words.

    Args:
        variable: Its name in `contract`; others say nothing.
        value: Its value; one of another form says nothing.
    """
    told = _DESCRIPTIONS.get(variable)
    try:
        return told(value) if told else ""
    except (KeyError, TypeError, ValueError):
        # Another app's variable of the same name.
        return ""


def _preparation(value: dict[str, Any]) -> str:
    counts = value["counts"]
    left_out = [f"{counts[kind]:,} {kind}" for kind in ("rejected", "duplicates") if counts[kind]]
    kept = ", ".join(f"{counts[side]:,} {side}" for side in ("train", "validation", "test"))
    return f"{counts['read']:,} read: " + ", ".join([*left_out, kept])


def _proposal(value: dict[str, Any]) -> str:
    return f"{len(value['candidates']):,} candidates to train"


def _customization(value: dict[str, Any]) -> str:
    return "model " + str(value["model_arn"]).rpartition("/")[2]


def _evaluation(value: dict[str, Any]) -> str:
    other, candidate = wording.percent(value["other"]), wording.percent(value["candidate"])
    return f"{wording.title_of(value['metric'])} {other} → {candidate}"


def _blind_test(value: dict[str, Any]) -> str:
    return f"{len(value['models'])} models, {value['total']:,} answers"


def _decision(value: dict[str, Any]) -> str:
    return "promote" if value["promote"] else "do not promote"


def _approval(value: dict[str, Any]) -> str:
    return str(value["outcome"])


def _run(value: dict[str, Any]) -> str:
    return str(value["id"])


_DESCRIPTIONS: dict[str, Callable[[Any], str]] = {
    "run": _run,
    "preparation": _preparation,
    "proposal": _proposal,
    "customization": _customization,
    "blind_test": _blind_test,
    "evaluation": _evaluation,
    "decision": _decision,
    "approval": _approval,
}
