"""TestState: one state by itself, with a mock for what it calls if one is given."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.api.errors import ApiError
from bedrock_customization_local.cloud.stepfunctions.branching import run_inline_map, run_parallel
from bedrock_customization_local.cloud.stepfunctions.errors import StateError
from bedrock_customization_local.cloud.stepfunctions.execution import Surroundings
from bedrock_customization_local.cloud.stepfunctions.frame import Frame
from bedrock_customization_local.cloud.stepfunctions.history import History, Trail
from bedrock_customization_local.cloud.stepfunctions.interpreter import Interpreter
from bedrock_customization_local.cloud.stepfunctions.language import definition, retry
from bedrock_customization_local.cloud.stepfunctions.language.dataflow import flow_of
from bedrock_customization_local.cloud.stepfunctions.language.definition import QueryLanguage, State
from bedrock_customization_local.cloud.stepfunctions.language.validation import TaskCheck, findings
from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.stepfunctions.progress import Progress
from bedrock_customization_local.cloud.stepfunctions.scope import Scope
from bedrock_customization_local.cloud.stepfunctions.task import TaskCall, TaskCaller
from bedrock_customization_local.cloud.stepfunctions.task_state import TaskRunner
from bedrock_customization_local.cloud.untyped import Json

_NAME: Final = "State"


def run_state_test(
    parameters: Mapping[str, Json], surroundings: Surroundings, check_task: TaskCheck
) -> dict[str, Json]:
    """Run one state once.

    Args:
        parameters: As the API has them. `definition` is a state, or a machine with `stateName`.
        surroundings: What the state needs of the world, if there is no mock.
        check_task: Says what is wrong with a task.

    Returns:
        The output and the next state; or the error, and what Retry and Catch make of it.

    Raises:
        ApiError: The definition or the input is not valid.
    """
    state = _state(parameters, check_task)
    data = _json(parameters.get("input", "{}"), "InvalidExecutionInput")
    frame = _frame(parameters, surroundings)
    plain = State(
        name=state.name,
        type=state.type,
        language=state.language,
        body={k: v for k, v in state.body.items() if k not in {"Retry", "Catch"}},
        branches=state.branches,
        processor=state.processor,
    )
    caller = _Recorder(_caller(parameters, surroundings))
    interpreter = Interpreter(
        tasks=TaskRunner(call=caller, tokens=surroundings.tokens, region=surroundings.region),
        parallel=run_parallel,
        map=run_inline_map,
    )
    inspection: dict[str, Json] = {"input": dump(data)}
    try:
        step = interpreter.step(plain, data, frame)
    except StateError as error:
        response = _failed(error, state, data, frame, parameters=parameters, inspection=inspection)
    else:
        frame.progress.variables.assign(step.outcome.assigned)
        response = {"status": "SUCCEEDED", "output": dump(step.outcome.output)}
        if step.following is not None:
            response["nextState"] = step.following
    if caller.calls:
        name = "afterArguments" if state.language is QueryLanguage.JSONATA else "afterParameters"
        inspection[name] = dump(caller.calls[-1].arguments)
    if caller.results:
        inspection["result"] = dump(caller.results[-1])
    if parameters.get("inspectionLevel", "INFO") != "INFO":
        inspection["variables"] = dump(dict(frame.progress.variables))
        response["inspectionData"] = inspection
    return response


class _Recorder:
    """Notes what a task was called with and what came back."""

    def __init__(self, caller: TaskCaller) -> None:
        self._caller = caller
        self.calls: list[TaskCall] = []
        self.results: list[Json] = []

    def __call__(self, call: TaskCall, /) -> Json:
        self.calls.append(call)
        result = self._caller(call)
        self.results.append(result)
        return result


@dataclass(frozen=True, slots=True)
class _Mock:
    """Answers in place of what a task calls."""

    answer: Mapping[str, Json]

    def __call__(self, _call: TaskCall, /) -> Json:
        if (error := self.answer.get("errorOutput")) is not None:
            raise StateError(error.get("error", ""), error.get("cause"))
        return json.loads(self.answer["result"])


def _caller(parameters: Mapping[str, Json], surroundings: Surroundings) -> TaskCaller:
    mock = parameters.get("mock")
    if mock is None:
        return surroundings.call_task
    return _Mock(mock)


def _state(parameters: Mapping[str, Json], check_task: TaskCheck) -> State:
    body = _json(parameters["definition"], "InvalidDefinition")
    if "States" in body:
        machine = body
        name = parameters.get("stateName", body.get("StartAt"))
    else:
        # Where the state leads is not a part of the test: let it lead somewhere.
        name = parameters.get("stateName", _NAME)
        machine = {"StartAt": name, "States": {name: body, **_targets(body, name)}}
    found = [
        finding
        for finding in findings(dump(machine), check_task)
        if finding.code not in {"UNREACHABLE_STATE", "NO_TERMINAL_STATE"}
    ]
    if found:
        raise ApiError("InvalidDefinition", ", ".join(str(finding) for finding in found))
    states = definition.read(machine, QueryLanguage.JSONPATH).states
    if name not in states:
        raise ApiError("ValidationException", f"there is no state {name!r} in the definition")
    return states[name]


def _targets(body: Mapping[str, Json], name: str) -> dict[str, Json]:
    rules = [*body.get("Choices", ()), *body.get("Catch", ()), body]
    targets = {rule[place] for rule in rules for place in ("Next", "Default") if place in rule}
    return {target: {"Type": "Succeed"} for target in targets - {name}}


def _frame(parameters: Mapping[str, Json], surroundings: Surroundings) -> Frame:
    progress = Progress()
    progress.variables.assign(_json(parameters.get("variables", "{}"), "ValidationException"))
    role = parameters.get("roleArn", "")
    context = {
        "Execution": {"Id": "", "Input": {}, "Name": "", "RoleArn": role, "StartTime": ""},
        "StateMachine": {"Id": "", "Name": ""},
    }
    given = _json(parameters.get("context", "{}"), "ValidationException")
    context |= {key: {**context.get(key, {}), **value} for key, value in given.items()}
    return Frame(
        scope=Scope(surroundings.clock),
        trail=Trail(History(surroundings.clock)),
        progress=progress,
        context=context,
    )


def _failed(
    error: StateError,
    state: State,
    data: Json,
    frame: Frame,
    *,
    parameters: Mapping[str, Json],
    inspection: dict[str, Json],
) -> dict[str, Json]:
    response: dict[str, Json] = {"status": "FAILED", "error": error.error}
    if error.cause is not None:
        response["cause"] = error.cause
    rules = state.body.get("Retry", ())
    retrier = retry.Retrier(rules, random.Random())
    for _ in range(parameters.get("stateConfiguration", {}).get("retrierRetryCount", 0)):
        retrier.delay(error)
    delay = retrier.delay(error)
    if delay is not None:
        index = next(i for i, r in enumerate(rules) if retry.matches(error, r["ErrorEquals"]))
        details = {"retryIndex": index, "retryBackoffIntervalSeconds": int(delay)}
        inspection["errorDetails"] = details
        return {**response, "status": "RETRIABLE"}
    rule = retry.catcher(error, state.body.get("Catch", ()))
    if rule is None:
        return response
    outcome = flow_of(state).caught(rule, data, error, frame.sight)
    frame.progress.variables.assign(outcome.assigned)
    inspection["errorDetails"] = {"catchIndex": state.body["Catch"].index(rule)}
    return {
        **response,
        "status": "CAUGHT_ERROR",
        "nextState": rule["Next"],
        "output": dump(outcome.output),
    }


def _json(text: str, code: str) -> Json:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ApiError(code, f"not JSON: {error}") from error
