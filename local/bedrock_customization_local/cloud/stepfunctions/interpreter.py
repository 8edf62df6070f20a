"""Runs the states of a machine, one after the other. Knows nothing of AWS: tasks go outside."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from bedrock_customization_local.cloud.stepfunctions.errors import (
    ErrorName,
    Interrupted,
    StateError,
)
from bedrock_customization_local.cloud.stepfunctions.frame import Frame
from bedrock_customization_local.cloud.stepfunctions.language import retry
from bedrock_customization_local.cloud.stepfunctions.language.choice import holds
from bedrock_customization_local.cloud.stepfunctions.language.dataflow import (
    DataFlow,
    Outcome,
    flow_of,
)
from bedrock_customization_local.cloud.stepfunctions.language.definition import (
    QueryLanguage,
    State,
    StateList,
    StateType,
)
from bedrock_customization_local.cloud.stepfunctions.language.values import (
    PAYLOAD_LIMIT,
    dump,
    size,
)
from bedrock_customization_local.cloud.stepfunctions.task import failure
from bedrock_customization_local.cloud.stepfunctions.task_state import TaskRunner
from bedrock_customization_local.cloud.stepfunctions.waiting import seconds_to_wait
from bedrock_customization_local.cloud.untyped import Json

_RETRIED = frozenset({StateType.TASK, StateType.PARALLEL, StateType.MAP})
_ABORTABLE = frozenset({StateType.TASK, StateType.PARALLEL, StateType.MAP, StateType.WAIT})
# The states' own failures, told with the place where they happened.
_TOLD_WITH_PLACE = frozenset(
    {
        ErrorName.INTRINSIC_FAILURE,
        ErrorName.NO_CHOICE_MATCHED,
        ErrorName.PARAMETER_PATH_FAILURE,
        ErrorName.QUERY_EVALUATION_ERROR,
        ErrorName.RESULT_PATH_MATCH_FAILURE,
        ErrorName.RUNTIME,
    }
)

# Runs a Parallel or Map state once and returns its result.
Branching = Callable[["Interpreter", State, Json, Frame], Json]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What happened in a state.

    Args:
        outcome: What it hands on.
        following: The next state's name; None at the end.
    """

    outcome: Outcome
    following: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """Interprets lists of states.

    Args:
        tasks: Runs Task states.
        parallel: Runs a Parallel state once.
        map: Runs a Map state once.
        jitter: Makes the random part of retry delays.
    """

    tasks: TaskRunner
    parallel: Branching
    map: Branching
    jitter: random.Random = field(default_factory=random.Random)

    def run(self, states: StateList, data: Json, frame: Frame) -> Json:
        """Run a list of states to its end, from where its progress stands.

        Args:
            states: What to run.
            data: The input of the first state; without effect on a run that goes on.
            frame: Its surroundings.

        Returns:
            The output of the last state.

        Raises:
            StateError: A state failed, and nothing in the list handled it.
            Interrupted: Something outside ended it.
        """
        progress = frame.progress
        if progress.is_done:
            return progress.output
        if progress.state is None:
            progress.enter(states.start_at, data)
        while progress.state is not None:
            step = self.step(states.states[progress.state], progress.input, frame)
            progress.variables.assign(step.outcome.assigned)
            if step.following is None:
                progress.finish(step.outcome.output)
                break
            progress.enter(step.following, step.outcome.output)
        return progress.output

    def step(self, state: State, data: Json, frame: Frame) -> Step:
        """Run one state.

        Raises:
            StateError: It failed, and its Catch does not cover the error.
            Interrupted: Something outside ended it.
        """
        frame.scope.check()
        frame.enter(state)
        entered = frame.trail.add(
            f"{state.type}StateEntered",
            {"name": state.name, "input": dump(data), "inputDetails": {"truncated": False}},
        )
        try:
            step = self._retried(state, data, frame, entered)
        except Interrupted:
            if state.type in _ABORTABLE:
                frame.trail.add(f"{state.type}StateAborted")
            raise
        if state.type is not StateType.FAIL:
            frame.trail.add(f"{state.type}StateExited", _exit_details(state, step.outcome))
        return step

    def _retried(self, state: State, data: Json, frame: Frame, entered: int) -> Step:
        can_recover = state.type in _RETRIED
        retrier = retry.Retrier(state.body.get("Retry", ()) if can_recover else (), self.jitter)
        while True:
            try:
                return self._attempt(state, data, frame)
            except StateError as raised:
                error = _with_place(raised, state, entered)
                if error.location is not None:
                    details = {"state": state.name, "location": error.location, **failure(error)}
                    frame.trail.add("EvaluationFailed", details)
                delay = retrier.delay(error)
                if delay is None:
                    if can_recover and (step := self._caught(state, data, error, frame)):
                        return step
                    raise error from raised
                frame.retried()
                frame.progress.forget_children()
                frame.scope.sleep(delay)

    def _attempt(self, state: State, data: Json, frame: Frame) -> Step:
        flow = flow_of(state)
        if state.type is StateType.FAIL:
            raise _fail(state, data, flow, frame)
        if state.type is StateType.CHOICE:
            step = _choose(state, data, flow, frame)
        else:
            result = self._result(state, data, flow, frame)
            step = Step(
                outcome=flow.outcome(state, data, result, frame.sight), following=state.following
            )
        limit_size(state, step.outcome.output, "returned a result")
        return step

    def _result(self, state: State, data: Json, flow: DataFlow, frame: Frame) -> Json:
        if state.type is StateType.TASK:
            return self.tasks.run(state, data, frame)
        if state.type is StateType.PARALLEL:
            return self.parallel(self, state, data, frame)
        if state.type is StateType.MAP:
            return self.map(self, state, data, frame)
        if state.type is StateType.WAIT:
            frame.scope.sleep(seconds_to_wait(state, data, frame))
            return flow.effective_input(state, data, frame.sight)
        if state.type is StateType.PASS and "Result" in state.body:
            return state.body["Result"]
        return flow.arguments(state, data, frame.sight)

    def _caught(self, state: State, data: Json, error: StateError, frame: Frame) -> Step | None:
        rule = retry.catcher(error, state.body.get("Catch", ()))
        if rule is None:
            return None
        outcome = flow_of(state).caught(rule, data, error, frame.sight)
        limit_size(state, outcome.output, "caught an error and returned a result")
        return Step(outcome=outcome, following=rule["Next"])


def limit_size(state: State, value: Json, what: str) -> None:
    """Refuse a payload that Step Functions would refuse.

    Args:
        state: Whose payload it is.
        value: The payload.
        what: What the state did with it, for the message.

    Raises:
        StateError: `States.DataLimitExceeded`: it is larger than 256 KiB.
    """
    if size(value) > PAYLOAD_LIMIT:
        raise StateError(
            ErrorName.DATA_LIMIT_EXCEEDED,
            f"The state/task '{state.name}' {what} with a size exceeding the maximum number of "
            "bytes service limit.",
        )


def _choose(state: State, data: Json, flow: DataFlow, frame: Frame) -> Step:
    sight = frame.sight
    effective = flow.effective_input(state, data, sight)
    for index, rule in enumerate(state.body["Choices"]):
        if state.language is QueryLanguage.JSONATA:
            where = f"Choices[{index}]/Condition"
            chosen = flow.template(rule["Condition"], where, data, sight)
            if not isinstance(chosen, bool):
                raise StateError(
                    ErrorName.QUERY_EVALUATION_ERROR,
                    f"The JSONata expression '{rule['Condition']}' specified for the field "
                    f"'{where}' returned an unexpected result type. Expected 'boolean', but was "
                    f"'{type(chosen).__name__}'.",
                    location=where,
                )
        else:
            chosen = holds(rule, effective, sight)
        if chosen:
            return Step(
                outcome=flow.outcome(_as_told_by(rule, state), data, effective, sight),
                following=rule["Next"],
            )
    if "Default" not in state.body:
        raise StateError(ErrorName.NO_CHOICE_MATCHED, "No choice rule matched and no Default.")
    outcome = flow.outcome(state, data, effective, sight)
    return Step(outcome=outcome, following=state.body["Default"])


def _as_told_by(rule: Json, state: State) -> State:
    """Return the state with the Assign and the Output of its rule in the place of its own."""
    own = {name: rule[name] for name in ("Assign", "Output") if name in rule}
    body = {name: value for name, value in state.body.items() if name != "Assign"} | own
    return State(name=state.name, type=state.type, language=state.language, body=body)


def _fail(state: State, data: Json, flow: DataFlow, frame: Frame) -> StateError:
    error = flow.setting(state, "Error", data, frame.sight)
    cause = flow.setting(state, "Cause", data, frame.sight)
    for name, value in (("Error", error), ("Cause", cause)):
        if value is not None and not isinstance(value, str):
            is_jsonata = state.language is QueryLanguage.JSONATA
            return StateError(
                ErrorName.QUERY_EVALUATION_ERROR if is_jsonata else ErrorName.RUNTIME,
                f"The field '{name}' of a Fail state must be a string, got {dump(value)}.",
                location=name if is_jsonata else None,
            )
    return StateError(error or "", cause)


def _with_place(error: StateError, state: State, entered: int) -> StateError:
    prefix = f"An error occurred while executing the state '{state.name}' "
    is_told = (error.cause or "").startswith("An error occurred while executing the state ")
    if error.error not in _TOLD_WITH_PLACE or is_told:
        return error
    cause = f"{prefix}(entered at the event id #{entered}). {error.cause or ''}".rstrip()
    return StateError(error.error, cause, error.location)


def _exit_details(state: State, outcome: Outcome) -> dict[str, Json]:
    details: dict[str, Json] = {
        "name": state.name,
        "output": dump(outcome.output),
        "outputDetails": {"truncated": False},
    }
    if outcome.assigned:
        details["assignedVariables"] = {
            name: dump(value) for name, value in outcome.assigned.items()
        }
        details["assignedVariablesDetails"] = {"truncated": False}
    return details
