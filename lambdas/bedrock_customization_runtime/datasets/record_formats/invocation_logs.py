"""Bedrock's model invocation logs as records: the source of distillation and reinforcement.

Bodies of Converse, of Nova, Claude and Llama through InvokeModel are known. Each log that cannot be
used says why: it failed, its body lies elsewhere, it has several turns or more than text. A log
without an output is of no use even where only its prompt is wanted: Bedrock would not take it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import PURPOSE
from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.problems import raise_all
from bedrock_customization_runtime.datasets.record_formats.fields import Fields
from bedrock_customization_runtime.datasets.record_formats.records import (
    Record,
    exchange,
    text_message,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_log(row: Mapping[str, object]) -> bool:
    """Whether a row is the log of an invocation."""
    return row.get("schemaType") == "ModelInvocationLog" or (
        "modelId" in row and "input" in row and "requestId" in row
    )


def record_of(row: Mapping[str, object], fields: Fields) -> Record:
    """Return the exchange that was logged; why there is none is in `fields`."""
    system, prompt = _asked(row, fields)
    completion = _answered(row, fields)
    return exchange(system, prompt, completion)


def exchange_of(row: Mapping[str, object]) -> Record:
    """Return the exchange that was logged.

    Raises:
        RecordRejectedError: There is none that can be used; with everything that is wrong.
    """
    fields = Fields()
    record = record_of(row, fields)
    raise_all(fields.problems)
    return record


def prompt_of(row: Mapping[str, object]) -> Record:
    """Return what was asked, without the answer.

    Raises:
        RecordRejectedError: As `exchange_of`.
    """
    fields = Fields()
    system, prompt = _asked(row, fields)
    _output(row, fields)
    raise_all(fields.problems)
    return Record(system, [text_message("user", prompt)])


def _asked(row: Mapping[str, object], fields: Fields) -> tuple[str | None, str]:
    """Return system prompt and prompt."""
    metadata = row.get("requestMetadata")
    if isinstance(metadata, dict) and PURPOSE in metadata:
        fields.fail(rules.LOG_OWN, "$.requestMetadata")
    body = _body(row, "input", fields)
    if isinstance(body, dict):
        if isinstance(body.get("prompt"), str):
            return None, str(body["prompt"])
        system = _text(body.get("system", ""), "$.input.inputBodyJson.system", fields)
        return system or None, _only_turn(body.get("messages"), fields)
    if body is not None:
        fields.fail(rules.LOG_UNKNOWN, "$.input.inputBodyJson")
    return None, ""


def _answered(row: Mapping[str, object], fields: Fields) -> str:
    body = _output(row, fields)
    if isinstance(body, dict):
        return _answer(body, fields)
    if body is not None:
        fields.fail(rules.LOG_UNKNOWN, "$.output.outputBodyJson", "events of a stream")
    return ""


def _output(row: Mapping[str, object], fields: Fields) -> object:
    if row.get("errorCode"):
        fields.fail(rules.LOG_FAILED, "$.errorCode")
        return None
    return _body(row, "output", fields)


def _body(row: Mapping[str, object], side: str, fields: Fields) -> object:
    """Return a body, None and a problem if there is none."""
    part = row.get(side)
    name = f"{side}BodyJson"
    body = part.get(name) if isinstance(part, dict) else None
    if isinstance(body, dict) or (isinstance(body, list) and body):
        return body
    if isinstance(part, dict) and f"{side}BodyS3Path" in part:
        fields.fail(rules.LOG_OUTSIDE, f"$.{side}.{side}BodyS3Path")
    else:
        fields.fail(rules.LOG_INCOMPLETE, f"$.{side}.{name}")
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
