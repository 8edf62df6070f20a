"""How EventBridge hands an event to a rule's target."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bedrock_customization_local.cloud.untyped import Json

_PLACEHOLDER = re.compile(r"<([^<>\s]+)>")
_PATH_PART = re.compile(r"[^.\[\]]+|\[\d+\]")


def as_delivered(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as AWS writes it: the time as text, and nothing that moto adds."""
    delivered = {name: value for name, value in event.items() if name != "ingestion-time"}
    if isinstance(delivered.get("time"), int | float):
        moment = datetime.fromtimestamp(delivered["time"], UTC)
        delivered["time"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return delivered


def target_input(target: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """Return what a target receives: its constant, a part of the event, a template, or all of it.

    Args:
        target: The target, as PutTargets takes it.
        event: The event as delivered.
    """
    match target:
        case {"Input": str(constant)}:
            return constant
        case {"InputPath": str(path)}:
            return json.dumps(_at(event, path))
        case {"InputTransformer": {"InputTemplate": str(template)}}:
            paths: Mapping[str, str] = target["InputTransformer"].get("InputPathsMap", {})
            values = {name: _at(event, path) for name, path in paths.items()}
            values["aws.events.event.json"] = event
            return _fill(template, values)
        case _:
            return json.dumps(event)


def deliver(client: Callable[[str], Any], target: Mapping[str, Any], text: str) -> bool:
    """Send an input to a target; return False for a service that is not known here.

    Args:
        client: Makes clients of the embedded AWS by boto3 service name.
        target: The target, as PutTargets takes it.
        text: What it receives, from `target_input`.
    """
    arn = target["Arn"]
    match arn.split(":"):
        case [_, _, "states", _, _, "stateMachine", *_]:
            client("stepfunctions").start_execution(stateMachineArn=arn, input=text)
        case [_, _, "lambda", *_]:
            client("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=text)
        case [_, _, "sns", *_]:
            client("sns").publish(TopicArn=arn, Message=text)
        case [_, _, "sqs", _, _, queue]:
            sqs = client("sqs")
            fifo = {
                name: value
                for name, value in target.get("SqsParameters", {}).items()
                if name == "MessageGroupId"
            }
            url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody=text, **fifo)
        case _:
            return False
    return True


def _at(event: Mapping[str, Any], path: str) -> Json:
    """Return what stands at `$.a.b[0]`, or None."""
    value: Any = event
    for part in _PATH_PART.findall(path.removeprefix("$")):
        try:
            value = value[int(part[1:-1]) if part.startswith("[") else part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _fill(template: str, values: Mapping[str, Any]) -> str:
    """Put values for placeholders: bare text inside a string, JSON outside of one."""
    filled: list[str] = []
    end = 0
    for match in _PLACEHOLDER.finditer(template):
        if match[1] not in values:
            continue
        filled.append(template[end : match.start()])
        end = match.end()
        inside_string = len(re.findall(r'(?<!\\)"', template[: match.start()])) % 2 == 1
        value = values[match[1]]
        text = json.dumps(value)
        if inside_string:
            text = json.dumps(value if isinstance(value, str) else text)[1:-1]
        filled.append(text)
    return "".join([*filled, template[end:]])
