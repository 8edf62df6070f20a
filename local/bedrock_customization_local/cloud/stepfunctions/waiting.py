"""How long a Wait state waits."""

from datetime import datetime

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.frame import Frame
from bedrock_customization_local.cloud.stepfunctions.language.dataflow import flow_of
from bedrock_customization_local.cloud.stepfunctions.language.definition import QueryLanguage, State
from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.untyped import Json


def seconds_to_wait(state: State, data: Json, frame: Frame) -> float:
    """Return the seconds that a Wait state asks for; 0 for a time that has passed.

    Raises:
        StateError: The seconds are no number or negative, or the time is no timestamp.
    """
    flow = flow_of(state)
    seconds = flow.setting(state, "Seconds", data, frame.sight)
    if seconds is not None:
        return number(state, "Seconds", seconds)
    moment = flow.setting(state, "Timestamp", data, frame.sight)
    try:
        target = datetime.fromisoformat(moment)
        left = (target - frame.scope.clock.now()).total_seconds()
    except (TypeError, ValueError) as error:
        raise _wrong(state, "Timestamp", moment, "an ISO 8601 time with a time zone") from error
    return max(0.0, left)


def number(state: State, name: str, value: Json) -> float:
    """Return a field's value as seconds.

    Raises:
        StateError: It is no number, or negative.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise _wrong(state, name, value, "a number, 0 or greater")
    return value


def _wrong(state: State, name: str, value: Json, wanted: str) -> StateError:
    is_jsonata = state.language is QueryLanguage.JSONATA
    return StateError(
        ErrorName.QUERY_EVALUATION_ERROR if is_jsonata else ErrorName.RUNTIME,
        f"The field '{name}' must be {wanted}, got {dump(value)}.",
        location=name if is_jsonata else None,
    )
