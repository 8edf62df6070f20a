"""Bedrock's model invocation logs as records: the source of distillation and reinforcement.

Bodies of Converse, of Nova, Claude and Llama through InvokeModel are known. Each log that cannot be
used says why: it failed, its body lies elsewhere, it has several turns or more than text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.records import Record, exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.datasets.fields import Fields


def is_log(row: Mapping[str, object]) -> bool:
    """Whether a row is the log of an invocation."""
    return row.get("schemaType") == "ModelInvocationLog" or (
        "modelId" in row and "input" in row and "requestId" in row
    )


def record_of(row: Mapping[str, object], fields: Fields) -> Record:
    """Return the exchange that was logged; why there is none is in `fields`."""
    nothing = Record(None, [])
    asked = _body(row, "input", fields)
    if row.get("errorCode"):
        fields.fail(rules.LOG_FAILED, "$.errorCode")
        return nothing
    answered = _body(row, "output", fields)
    if fields.problems or asked is None or answered is None:
        return nothing
    if isinstance(asked.get("prompt"), str):
        system, prompt = None, str(asked["prompt"])
    else:
        system = _text(asked.get("system", ""), "$.input.inputBodyJson.system", fields)
        prompt = _only_turn(asked.get("messages"), fields)
    completion = _answer(answered, fields)
    if fields.problems:
        return nothing
    return exchange(system or None, prompt, completion)


def _body(row: Mapping[str, object], side: str, fields: Fields) -> Mapping[str, object] | None:
    part = row.get(side)
    name = f"{side}BodyJson"
    body = part.get(name) if isinstance(part, dict) else None
    if isinstance(body, dict):
        return body
    if isinstance(part, dict) and f"{side}BodyS3Path" in part:
        fields.fail(rules.LOG_OUTSIDE, f"$.{side}.{side}BodyS3Path")
    elif isinstance(body, list):
        fields.fail(rules.LOG_UNKNOWN, f"$.{side}.{name}", "events of a stream")
    else:
        fields.fail(rules.LOG_FAILED, f"$.{side}.{name}")
    return None


def _only_turn(messages: object, fields: Fields) -> str:
    path = "$.input.inputBodyJson.messages"
    if not isinstance(messages, list) or not messages:
        fields.fail(rules.LOG_UNKNOWN, path)
        return ""
    if len(messages) > 1:
        fields.fail(rules.LOG_MULTI_TURN, path, f"{len(messages)} messages")
        return ""
    message = messages[0]
    if not isinstance(message, dict) or message.get("role") != "user":
        fields.fail(rules.LOG_UNKNOWN, f"{path}[0]")
        return ""
    return _text(message.get("content"), f"{path}[0].content", fields)


def _answer(body: Mapping[str, object], fields: Fields) -> str:
    path = "$.output.outputBodyJson"
    if isinstance(body.get("generation"), str):
        return str(body["generation"])
    output = body.get("output")
    message = output.get("message") if isinstance(output, dict) else None
    if isinstance(message, dict):
        return _text(message.get("content"), f"{path}.output.message.content", fields)
    if "content" in body:
        return _text(body["content"], f"{path}.content", fields)
    fields.fail(rules.LOG_UNKNOWN, path)
    return ""


def _text(value: object, path: str, fields: Fields) -> str:
    """Return a string, or the texts of content blocks of Converse's or Claude's kind."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        fields.fail(rules.LOG_UNKNOWN, path)
        return ""
    texts: list[str] = []
    for index, block in enumerate(value):
        found = block.get("text") if isinstance(block, dict) else None
        if isinstance(found, str):
            texts.append(found)
        else:
            fields.fail(rules.LOG_NOT_TEXT, f"{path}[{index}]")
    return "\n".join(texts)
