"""How data goes into a state and comes out of it, in either query language.

JSONPath: InputPath, Parameters, ResultSelector, ResultPath, OutputPath. JSONata: Arguments, Output.
Both: Assign.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.language import intrinsics, jsonata, jsonpath
from bedrock_customization_local.cloud.stepfunctions.language.definition import QueryLanguage, State
from bedrock_customization_local.cloud.stepfunctions.language.jsonpath import PathError
from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.untyped import Json

# Fields that hold data, not settings, are read by their templates; all others by `setting`.
_DISCARDED: Final[dict[str, Json]] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """What the expressions of a state can see beside its data.

    Args:
        context: The context object (`$$`, `$states.context`).
        variables: The workflow variables.
    """

    context: Json
    variables: Mapping[str, Json]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a state hands on.

    Args:
        output: The input of the next state.
        assigned: Variables to store.
    """

    output: Json
    assigned: Mapping[str, Json]


class DataFlow(Protocol):
    """The data flow of one query language."""

    def effective_input(self, state: State, raw: Json, sight: Sight) -> Json:
        """Return what the state's other fields call its input."""

    def arguments(self, state: State, raw: Json, sight: Sight) -> Json:
        """Return what the state works on: a task's parameters, a branch's input."""

    def setting(self, state: State, name: str, raw: Json, sight: Sight) -> Json:
        """Return a field that may be computed; None if it is absent."""

    def template(self, template: Json, name: str, raw: Json, sight: Sight) -> Json:
        """Return a template of the state filled in."""

    def outcome(self, state: State, raw: Json, result: Json, sight: Sight) -> Outcome:
        """Return what the state hands on after `result`."""

    def caught(
        self, catcher: Mapping[str, Json], raw: Json, error: StateError, sight: Sight
    ) -> Outcome:
        """Return what a Catch hands on."""


def flow_of(state: State) -> DataFlow:
    """Return the data flow of a state's language."""
    return _FLOWS[state.language]


class JsonataFlow:
    """The data flow of JSONata states."""

    def effective_input(self, state: State, raw: Json, sight: Sight) -> Json:  # noqa: ARG002 - the protocol's
        """Return the input itself: JSONata states filter nothing."""
        return raw

    def arguments(self, state: State, raw: Json, sight: Sight) -> Json:
        """Return `Arguments`, or the input."""
        if "Arguments" not in state.body:
            return raw
        return self.template(state.body["Arguments"], "Arguments", raw, sight)

    def setting(self, state: State, name: str, raw: Json, sight: Sight) -> Json:
        """Return a field, evaluated if it is an expression."""
        return self.template(state.body.get(name), name, raw, sight)

    def template(self, template: Json, name: str, raw: Json, sight: Sight) -> Json:
        """Return a template with every expression evaluated."""
        return _jsonata(template, name, {"input": raw}, sight)

    def outcome(self, state: State, raw: Json, result: Json, sight: Sight) -> Outcome:
        """Return `Output`, or the result, and `Assign`."""
        states = {"input": raw, "result": result}
        return _jsonata_outcome(state.body, states, result, sight)

    def caught(
        self, catcher: Mapping[str, Json], raw: Json, error: StateError, sight: Sight
    ) -> Outcome:
        """Return the Catch's `Output`, or the error output, and its `Assign`."""
        states = {"input": raw, "errorOutput": error.output}
        return _jsonata_outcome(catcher, states, error.output, sight)


def _jsonata(template: Json, field: str, states: Mapping[str, Json], sight: Sight) -> Json:
    return jsonata.render(
        template,
        states={**states, "context": sight.context},
        variables=sight.variables,
        field=field,
    )


def _jsonata_outcome(
    body: Mapping[str, Json], states: Mapping[str, Json], default: Json, sight: Sight
) -> Outcome:
    assigned = _jsonata(body.get("Assign", {}), "Assign", states, sight)
    output = _jsonata(body["Output"], "Output", states, sight) if "Output" in body else default
    return Outcome(output=output, assigned=assigned)


class JsonPathFlow:
    """The data flow of JSONPath states."""

    def effective_input(self, state: State, raw: Json, sight: Sight) -> Json:
        """Return what `InputPath` selects."""
        return _selected("InputPath", state.body, raw, sight)

    def arguments(self, state: State, raw: Json, sight: Sight) -> Json:
        """Return `Parameters`, or what `InputPath` selects."""
        selected = self.effective_input(state, raw, sight)
        if "Parameters" not in state.body:
            return selected
        return render(state.body["Parameters"], selected, sight)

    def setting(self, state: State, name: str, raw: Json, sight: Sight) -> Json:
        """Return a field, or what the path in its `...Path` twin names."""
        if (path := state.body.get(f"{name}Path")) is None:
            return state.body.get(name)
        return reference(path, self.effective_input(state, raw, sight), sight)

    def template(self, template: Json, name: str, raw: Json, sight: Sight) -> Json:  # noqa: ARG002 - the protocol's
        """Return a payload template filled in."""
        return render(template, raw, sight)

    def outcome(self, state: State, raw: Json, result: Json, sight: Sight) -> Outcome:
        """Return the result through `ResultSelector`, `ResultPath`, `OutputPath`, and `Assign`."""
        if "ResultSelector" in state.body:
            result = render(state.body["ResultSelector"], result, sight)
        assigned = render(state.body.get("Assign", {}), result, sight)
        placed = _placed(state.body.get("ResultPath", "$"), raw, result)
        return Outcome(output=_selected("OutputPath", state.body, placed, sight), assigned=assigned)

    def caught(
        self, catcher: Mapping[str, Json], raw: Json, error: StateError, sight: Sight
    ) -> Outcome:
        """Return the error output at the Catch's `ResultPath`, and its `Assign`."""
        assigned = render(catcher.get("Assign", {}), error.output, sight)
        output = _placed(catcher.get("ResultPath", "$"), raw, error.output)
        return Outcome(output=output, assigned=assigned)


_FLOWS: Final[dict[QueryLanguage, DataFlow]] = {
    QueryLanguage.JSONATA: JsonataFlow(),
    QueryLanguage.JSONPATH: JsonPathFlow(),
}


def look_up(path: str, data: Json, sight: Sight) -> Json:
    """Return what a path names in the data, the context object or a variable.

    Raises:
        PathError: It names nothing, or is no path.
    """
    parsed = jsonpath.parse(path)
    if parsed.root == "$":
        return parsed.find(sight.context)
    if parsed.root:
        if parsed.root not in sight.variables:
            raise PathError(f"there is no variable ${parsed.root}")
        return parsed.find(sight.variables[parsed.root])
    return parsed.find(data)


def reference(path: str, data: Json, sight: Sight) -> Json:
    """Return what a path or an intrinsic function in a field yields.

    Raises:
        StateError: `States.Runtime`: it names nothing.
    """
    try:
        if path.startswith("States."):
            return intrinsics.evaluate(path, lambda found: look_up(found, data, sight))
        return look_up(path, data, sight)
    except PathError as error:
        raise StateError(ErrorName.RUNTIME, f"Invalid path '{path}': {error}") from error


def render(template: Json, data: Json, sight: Sight) -> Json:
    """Fill in a payload template: every field whose name ends in `.$` is computed.

    Raises:
        StateError: `States.ParameterPathFailure` or `States.IntrinsicFailure`.
    """
    if isinstance(template, list):
        return [render(item, data, sight) for item in template]
    if not isinstance(template, dict):
        return template
    rendered: dict[str, Json] = {}
    for key, value in template.items():
        if key.endswith(".$"):
            rendered[key[:-2]] = _computed(key, value, data, sight)
        else:
            rendered[key] = render(value, data, sight)
    return rendered


def _computed(field: str, expression: str, data: Json, sight: Sight) -> Json:
    try:
        if expression.startswith("States."):
            return intrinsics.evaluate(expression, lambda found: look_up(found, data, sight))
        return look_up(expression, data, sight)
    except PathError as error:
        raise StateError(
            ErrorName.PARAMETER_PATH_FAILURE,
            f"The JSONPath '{expression}' specified for the field '{field}' could not be found in "
            f"the input '{dump(data)}'",
        ) from error


def _selected(field: str, body: Mapping[str, Json], data: Json, sight: Sight) -> Json:
    path = body.get(field, "$")
    return dict(_DISCARDED) if path is None else reference(path, data, sight)


def _placed(path: str | None, raw: Json, result: Json) -> Json:
    if path is None:
        return raw
    try:
        return jsonpath.insert(path, raw, result)
    except PathError as error:
        raise StateError(
            ErrorName.RESULT_PATH_MATCH_FAILURE,
            f"Unable to apply ReferencePath {path} to input {dump(raw)}",
        ) from error
