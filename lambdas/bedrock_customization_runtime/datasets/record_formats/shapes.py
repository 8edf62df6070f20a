"""The shapes a JSON row can have as it is, without a template, and how each becomes a record."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.problems import RecordRejectedError, raise_all
from bedrock_customization_runtime.datasets.record_formats import converse, invocation_logs
from bedrock_customization_runtime.datasets.record_formats.fields import Fields
from bedrock_customization_runtime.datasets.record_formats.records import (
    ContentBlock,
    Message,
    Record,
    exchange,
    text_message,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EXCHANGE = frozenset({"prompt", "completion"})
_CLAUDE = frozenset({"system", "messages"})
_CHAT_MESSAGE = frozenset({"role", "content"})
_INPUT = frozenset({"input"})
_CAPTION = frozenset({"image-ref", "caption"})
_encode = msgspec.json.Encoder(order="deterministic").encode


class Shape(StrEnum):
    """How a row says what it says."""

    CONVERSE = "converse"
    PROMPT_COMPLETION = "prompt_completion"
    CLAUDE_MESSAGES = "claude_messages"
    """Messages whose content is a string, with the system prompt beside them."""
    OPENAI_MESSAGES = "openai_messages"
    """Messages whose content is a string, the system prompt among them; with or without a
    reference answer."""
    CONTINUED_PRETRAINING = "continued_pretraining"
    IMAGE_CAPTION = "image_caption"
    INVOCATION_LOG = "invocation_log"


def shape_of(row: Mapping[str, object]) -> Shape:
    """Return the shape of a row.

    Raises:
        RecordRejectedError: It has none of them.
    """
    if invocation_logs.is_log(row):
        return Shape.INVOCATION_LOG
    if "messages" in row:
        return _shape_of_chat(row)
    if row.keys() >= _EXCHANGE:
        return Shape.PROMPT_COMPLETION
    if row.keys() >= _CAPTION:
        return Shape.IMAGE_CAPTION
    if "input" in row:
        return Shape.CONTINUED_PRETRAINING
    raise RecordRejectedError(rules.FIELDS_MISSING)


def record_of(row: Mapping[str, object]) -> tuple[Shape, Record]:
    """Return the record that a row is, and its shape.

    Raises:
        RecordRejectedError: It is none; with everything that is wrong.
    """
    shape = shape_of(row)
    fields = Fields()
    record = _READERS[shape](row, fields)
    raise_all(fields.problems)
    return shape, record


def text_path(shape: Shape | None, message: int, block: int = 0) -> str:
    """Return the JSONPath of a record's text as it stood in the row.

    Args:
        shape: Of the row; None where a template made the record.
        message: Index, -1 for the system prompt.
        block: Index of the content block.
    """
    if shape is None or shape is Shape.PROMPT_COMPLETION:
        name = "system" if message < 0 else ("prompt", "completion")[min(message, 1)]
        return name if shape is None else f"$.{name}"
    if shape is Shape.CONTINUED_PRETRAINING:
        return "$.input"
    if shape is Shape.INVOCATION_LOG:
        return "$.output.outputBodyJson" if message > 0 else "$.input.inputBodyJson"
    if shape is Shape.CONVERSE:
        return "$.system" if message < 0 else f"$.messages[{message}].content[{block}].text"
    if message < 0:
        return "$.system" if shape is Shape.CLAUDE_MESSAGES else "$.messages[0].content"
    return f"$.messages[{message}].content"


def _shape_of_chat(row: Mapping[str, object]) -> Shape:
    if "reference_answer" in row or "tools" in row:
        return Shape.OPENAI_MESSAGES
    if "schemaVersion" in row or isinstance(row.get("system"), list):
        return Shape.CONVERSE
    messages = row["messages"]
    first = messages[0] if isinstance(messages, list) and messages else None
    if not isinstance(first, dict) or not isinstance(first.get("content"), str):
        return Shape.CONVERSE
    return Shape.OPENAI_MESSAGES if first.get("role") == "system" else Shape.CLAUDE_MESSAGES


def _exchange(row: Mapping[str, object], fields: Fields) -> Record:
    fields.only(row, _EXCHANGE, "$")
    prompt = fields.text(row["prompt"], "$.prompt")
    return exchange(None, prompt, fields.text(row["completion"], "$.completion"))


def _claude(row: Mapping[str, object], fields: Fields) -> Record:
    fields.only(row, _CLAUDE, "$")
    system = fields.text(row["system"], "$.system") if "system" in row else None
    return Record(system or None, _chat(fields.items(row["messages"], "$.messages"), 0, fields))


def _openai(row: Mapping[str, object], fields: Fields) -> Record:
    items = fields.items(row["messages"], "$.messages")
    system = None
    first = items[0] if items else None
    skipped = 0
    if isinstance(first, dict) and first.get("role") in {"system", "developer"}:
        system = fields.text(first.get("content"), "$.messages[0].content")
        skipped = 1
    if "tools" in row:
        if row["tools"] == []:
            fields.fail(rules.TOOL_CONFIG, "$.tools", "there are none")
        _check_functions(fields.items(row["tools"], "$.tools"), fields)
    reference = row.get("reference_answer")
    if reference is not None and (
        reference in ({}, []) or (isinstance(reference, str) and not reference.strip())
    ):
        fields.fail(rules.REFERENCE_MISSING, "$.reference_answer", "it is empty")
    extra = {
        name: value
        for name, value in row.items()
        if name not in {"messages", "tools", "reference_answer"}
    }
    return Record(
        system or None,
        _chat(items[skipped:], skipped, fields),
        tools=msgspec.Raw(_encode(row["tools"])) if "tools" in row else None,
        reference=None if reference is None else msgspec.Raw(_encode(reference)),
        extra=msgspec.Raw(_encode(extra)) if extra else None,
    )


def _check_functions(tools: list[object], fields: Fields) -> None:
    """Note what is wrong with tools of OpenAI's chat format."""
    names: set[str] = set()
    for index, item in enumerate(tools):
        path = f"$.tools[{index}]"
        function = item.get("function") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(function, dict):
            fields.fail(rules.TOOL_CONFIG, f"{path}.function")
            continue
        if item.get("type") != "function":
            fields.fail(rules.TOOL_CONFIG, f"{path}.type", "function is the only one")
        name = function.get("name")
        if not isinstance(name, str) or not name.strip() or name in names:
            fields.fail(rules.TOOL_CONFIG, f"{path}.function.name")
        else:
            names.add(name)
        if converse.is_blank(function.get("description")):
            fields.fail(rules.TOOL_CONFIG, f"{path}.function.description")
        parameters = function.get("parameters")
        if (
            not isinstance(parameters, dict)
            or parameters.get("type") != "object"
            or not isinstance(parameters.get("properties"), dict)
        ):
            fields.fail(rules.TOOL_CONFIG, f"{path}.function.parameters", "of type object")


def _chat(items: list[object], skipped: int, fields: Fields) -> list[Message]:
    """Return messages whose content is a string."""
    messages: list[Message] = []
    if not items:
        fields.fail(rules.ROLE_ORDER, "$.messages", "there are none")
    for index, item in enumerate(items):
        path = f"$.messages[{index + skipped}]"
        message = fields.table(item, path)
        if message is None:
            continue
        fields.only(message, _CHAT_MESSAGE, path)
        role = fields.text(message.get("role"), f"{path}.role")
        expected = "assistant" if index % 2 else "user"
        if role and role != expected:
            fields.fail(rules.ROLE_ORDER, f"{path}.role", f"should be {expected}")
        text = fields.text(message.get("content"), f"{path}.content")
        messages.append(text_message("assistant" if index % 2 else "user", text))
    return messages


def _input(row: Mapping[str, object], fields: Fields) -> Record:
    fields.only(row, _INPUT, "$")
    return Record(None, [text_message("assistant", fields.text(row["input"], "$.input"))])


def _caption(row: Mapping[str, object], fields: Fields) -> Record:
    fields.only(row, _CAPTION, "$")
    uri = fields.text(row["image-ref"], "$.image-ref")
    caption = fields.text(row["caption"], "$.caption")
    image = ContentBlock(image={"source": {"s3Location": {"uri": uri}}})
    return Record(None, [Message("user", [image]), text_message("assistant", caption)])


_READERS: dict[Shape, Callable[[Mapping[str, object], Fields], Record]] = {
    Shape.CONVERSE: converse.record_of,
    Shape.PROMPT_COMPLETION: _exchange,
    Shape.CLAUDE_MESSAGES: _claude,
    Shape.OPENAI_MESSAGES: _openai,
    Shape.CONTINUED_PRETRAINING: _input,
    Shape.IMAGE_CAPTION: _caption,
    Shape.INVOCATION_LOG: invocation_logs.record_of,
}
