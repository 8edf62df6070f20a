"""Tasks that invoke Lambda functions."""

import base64
import json
from collections.abc import Mapping

from bedrock_customization_local.cloud.stepfunctions.errors import StateError
from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.stepfunctions.task import TaskCall
from bedrock_customization_local.cloud.stepfunctions.tasks.api import Api
from bedrock_customization_local.cloud.stepfunctions.tasks.naming import optimized_error
from bedrock_customization_local.cloud.untyped import Json

_UNKNOWN_ERROR = "Lambda.Unknown"


def invoke(api: Api, call: TaskCall) -> Json:
    """Do `lambda:invoke`: the result keeps the payload, the version and the status.

    Raises:
        StateError: The function failed, under its own error type, or Lambda refused.
    """
    arguments: dict[str, Json] = dict(call.arguments)
    if "ClientContext" in arguments and not isinstance(arguments["ClientContext"], str):
        context = dump(arguments["ClientContext"]).encode()
        arguments["ClientContext"] = base64.b64encode(context).decode()
    # The service hands the payload on as JSON, text included.
    if "Payload" in arguments:
        arguments["Payload"] = dump(arguments["Payload"])
    response = _invoked(api, call, arguments)
    result = {name: response[name] for name in ("ExecutedVersion",) if name in response}
    return {**result, "Payload": _payload(response), "StatusCode": response["StatusCode"]}


def invoke_directly(api: Api, call: TaskCall) -> Json:
    """Invoke the function that a Task state names by its ARN: the result is its payload.

    Raises:
        StateError: The function failed, under its own error type, or Lambda refused.
    """
    arguments = {"FunctionName": call.resource.arn, "Payload": dump(call.arguments)}
    return _payload(_invoked(api, call, arguments))


def _invoked(api: Api, call: TaskCall, arguments: Mapping[str, Json]) -> Mapping[str, Json]:
    response: Mapping[str, Json] = api.call(
        call,
        "lambda",
        "invoke",
        arguments,
        lambda model, code: optimized_error("lambda", model, code),
    )
    if "FunctionError" in response:
        cause = response.get("Payload", "")
        try:
            error = json.loads(cause)["errorType"]
        except (ValueError, KeyError, TypeError):
            error = _UNKNOWN_ERROR
        raise StateError(error, cause)
    return response


def _payload(response: Mapping[str, Json]) -> Json:
    text = response.get("Payload") or "null"
    try:
        return json.loads(text)
    except ValueError:
        return text
