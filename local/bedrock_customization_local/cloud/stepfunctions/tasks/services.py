"""Tasks that call services through their optimized integrations."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.errors import StateError
from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.stepfunctions.task import TaskCall
from bedrock_customization_local.cloud.stepfunctions.tasks.api import Api
from bedrock_customization_local.cloud.stepfunctions.tasks.naming import (
    optimized_boto3_name,
    optimized_error,
)
from bedrock_customization_local.cloud.untyped import Json

# Fields that take any JSON and reach the service as text.
_TEXT_FIELDS: Final[Mapping[tuple[str, str], str]] = {
    ("sns", "publish"): "Message",
    ("sqs", "sendMessage"): "MessageBody",
    ("states", "startExecution"): "Input",
}

ACTIONS: Final = frozenset(
    {
        ("bedrock", "createModelCustomizationJob"),
        ("bedrock", "invokeModel"),
        ("dynamodb", "deleteItem"),
        ("dynamodb", "getItem"),
        ("dynamodb", "putItem"),
        ("dynamodb", "updateItem"),
        ("events", "putEvents"),
        ("lambda", "invoke"),
        ("sns", "publish"),
        ("sqs", "sendMessage"),
        ("states", "startExecution"),
    }
)
"""The optimized integrations, by service and action."""


def request(api: Api, call: TaskCall) -> Json:
    """Make one request and return its answer.

    Raises:
        StateError: The service refused, or did only a part of the work.
    """
    key = (call.resource.service, call.resource.action)
    special: Callable[[Api, TaskCall], Json] | None = _SPECIAL.get(key)
    if special is not None:
        return special(api, call)
    arguments = call.arguments
    if (field := _TEXT_FIELDS.get(key)) is not None:
        arguments = _as_text(arguments, field)
    return _call(api, call, optimized_boto3_name(call.resource.service), arguments)


def _call(api: Api, call: TaskCall, service: str, arguments: Json) -> Json:
    return api.call(
        call,
        service,
        call.resource.action,
        arguments,
        lambda model, code: optimized_error(call.resource.service, model, code),
    )


def _as_text(arguments: Mapping[str, Json], field: str) -> dict[str, Json]:
    value = arguments.get(field)
    if value is None or isinstance(value, str):
        return dict(arguments)
    return {**arguments, field: dump(value)}


def _put_events(api: Api, call: TaskCall) -> Json:
    entries = [_as_text(entry, "Detail") for entry in call.arguments["Entries"]]
    answer = _call(api, call, "events", {**call.arguments, "Entries": entries})
    if answer.get("FailedEntryCount", 0):
        raise StateError("EventBridge.FailedEntry", dump(answer))
    return answer


def _invoke_model(api: Api, call: TaskCall) -> Json:
    arguments = _as_text(call.arguments, "Body")
    answer = _call(api, call, "bedrock-runtime", arguments)
    body = answer.get("Body", "")
    try:
        return {**answer, "Body": json.loads(body)}
    except ValueError:
        return answer


_SPECIAL: Final = {
    ("bedrock", "invokeModel"): _invoke_model,
    ("events", "putEvents"): _put_events,
}
