"""Converse conversations: content blocks, turns and tools, checked as far as any base model asks.

What one base model takes and another does not (kinds of content, media limits) is `content`'s.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.record_formats.records import (
    ContentBlock,
    Message,
    Record,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.datasets.record_formats.fields import Fields

SCHEMA_VERSION = "bedrock-conversation-2024"
MEDIA = ("image", "video", "document")
_RECORD = frozenset({"schemaVersion", "system", "messages", "toolConfig"})
_MESSAGE = frozenset({"role", "content"})
_KINDS = frozenset(ContentBlock.__struct_fields__)
_USE = frozenset({"toolUseId", "name", "input"})
_RESULT = frozenset({"toolUseId", "content", "status"})
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""As Converse takes them when the model is asked later."""
_encode = msgspec.json.Encoder(order="deterministic").encode


def record_of(row: Mapping[str, object], fields: Fields) -> Record:
    """Return the conversation; what is wrong with it is in `fields`."""
    fields.only(row, _RECORD, "$")
    if "schemaVersion" in row:
        fields.text(row["schemaVersion"], "$.schemaVersion")
    system = system_of(row.get("system", []), fields)
    tools = _tools(row["toolConfig"], fields) if "toolConfig" in row else None
    messages = messages_of(row["messages"], fields)
    _check_tools(messages, tools, fields)
    raw = None if tools is None else msgspec.Raw(_encode(row["toolConfig"]))
    return Record(system, messages, tools=raw)


def system_of(value: object, fields: Fields) -> str | None:
    """Return the system prompt, several blocks joined by line ends."""
    texts = []
    for index, item in enumerate(fields.items(value, "$.system")):
        path = f"$.system[{index}]"
        block = fields.table(item, path)
        if block is None:
            continue
        if "text" not in block:
            fields.fail(rules.CONTENT_BLOCK, path)
            continue
        fields.only(block, frozenset({"text"}), path)
        texts.append(fields.text(block["text"], f"{path}.text"))
    return "\n".join(texts) or None


def messages_of(value: object, fields: Fields) -> list[Message]:
    """Return the messages, which must begin with the user's and alternate."""
    messages: list[Message] = []
    items = fields.items(value, "$.messages")
    if not items and isinstance(value, list):
        fields.fail(rules.ROLE_ORDER, "$.messages", "there are none")
    for index, item in enumerate(items):
        path = f"$.messages[{index}]"
        message = fields.table(item, path)
        if message is None:
            continue
        fields.only(message, _MESSAGE, path)
        check_role(message.get("role"), index, fields)
        content = blocks_of(message.get("content"), f"{path}.content", fields)
        messages.append(Message("assistant" if index % 2 else "user", content))
    return messages


def check_role(role: object, index: int, fields: Fields) -> None:
    """Note a role that is none, or stands where the other's turn is."""
    path = f"$.messages[{index}].role"
    expected = "assistant" if index % 2 else "user"
    if fields.text(role, path) not in {"", expected}:
        fields.fail(rules.ROLE_ORDER, path, f"should be {expected}")


def blocks_of(value: object, path: str, fields: Fields) -> list[ContentBlock]:
    """Return the content blocks of a message."""
    blocks: list[ContentBlock] = []
    items = fields.items(value, path)
    if not items and isinstance(value, list):
        fields.fail(rules.EMPTY_TURN, path)
    for index, item in enumerate(items):
        where = f"{path}[{index}]"
        block = fields.table(item, where)
        if block is None:
            continue
        if len(block) != 1 or not block.keys() <= _KINDS:
            fields.fail(rules.CONTENT_BLOCK, where)
            continue
        ((kind, inner),) = block.items()
        if kind == "text":
            blocks.append(ContentBlock(fields.text(inner, f"{where}.text")))
        elif fields.table(inner, f"{where}.{kind}") is not None:
            blocks.append(msgspec.convert(block, ContentBlock))
    return blocks


def _tools(value: object, fields: Fields) -> set[str]:
    """Return the names of the tools that are declared."""
    path = "$.toolConfig"
    config = fields.table(value, path)
    if config is None:
        return set()
    names: set[str] = set()
    declared = config.get("tools")
    if not isinstance(declared, list) or not declared:
        fields.fail(rules.TOOL_CONFIG, f"{path}.tools")
        return names
    for index, item in enumerate(declared):
        where = f"{path}.tools[{index}].toolSpec"
        spec = item.get("toolSpec") if isinstance(item, dict) else None
        if not isinstance(spec, dict):
            fields.fail(rules.TOOL_CONFIG, where)
            continue
        name = spec.get("name")
        if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
            fields.fail(rules.TOOL_CONFIG, f"{where}.name", "1 to 64 letters, digits, _ and -")
        elif name in names:
            fields.fail(rules.TOOL_CONFIG, f"{where}.name", "used twice")
        else:
            names.add(name)
        if is_blank(spec.get("description")):
            fields.fail(rules.TOOL_CONFIG, f"{where}.description")
        schema = spec.get("inputSchema")
        inner = schema.get("json") if isinstance(schema, dict) else None
        if not isinstance(inner, dict) or "type" not in inner:
            fields.fail(rules.TOOL_CONFIG, f"{where}.inputSchema", "a JSON Schema with a type")
    return names


def is_blank(value: object) -> bool:
    """Whether a value is no text, or one of spaces."""
    return not isinstance(value, str) or not value.strip()


def _check_tools(messages: list[Message], tools: set[str] | None, fields: Fields) -> None:
    """Note what is wrong with turns, reasoning, and the pairing of tool uses and results."""
    waiting: set[str] = set()
    seen: set[str] = set()
    for number, message in enumerate(messages):
        answered: set[str] = set()
        if _only_reasons(message):
            fields.fail(rules.REASONING, f"$.messages[{number}].content", "nothing beside it")
        for index, block in enumerate(message.content):
            where = f"$.messages[{number}].content[{index}]"
            if block.reasoningContent is not None:
                _check_reasoning(message, block.reasoningContent, where, fields)
            if block.toolUse is not None:
                _check_use(message, block.toolUse, where, tools, fields)
                used = str(block.toolUse.get("toolUseId"))
                if used in seen:
                    fields.fail(rules.TOOL_UNANSWERED, f"{where}.toolUse.toolUseId", "used twice")
                seen.add(used)
                waiting.add(used)
            if block.toolResult is not None:
                _check_result(message, block.toolResult, where, waiting, fields)
                used = str(block.toolResult.get("toolUseId"))
                if used in answered:
                    path = f"{where}.toolResult.toolUseId"
                    fields.fail(rules.TOOL_UNANSWERED, path, "answered twice")
                answered.add(used)
        waiting -= answered
    if waiting:
        fields.fail(rules.TOOL_UNANSWERED, "$.messages", f"{len(waiting)} without a result")


def _only_reasons(message: Message) -> bool:
    return bool(message.content) and all(
        block.reasoningContent is not None for block in message.content
    )


def _check_reasoning(
    message: Message, reasoning: Mapping[str, object], where: str, fields: Fields
) -> None:
    inner = reasoning.get("reasoningText")
    text = inner.get("text") if isinstance(inner, dict) else None
    if message.role != "assistant" or not isinstance(text, str) or not text.strip():
        fields.fail(rules.REASONING, f"{where}.reasoningContent")


def _check_use(
    message: Message,
    use: Mapping[str, object],
    where: str,
    tools: set[str] | None,
    fields: Fields,
) -> None:
    path = f"{where}.toolUse"
    if message.role != "assistant":
        fields.fail(rules.TOOL_USE, path, "in the user's turn")
    fields.only(use, _USE, path)
    if not isinstance(use.get("input"), dict):
        fields.fail(rules.TOOL_USE, f"{path}.input")
    if is_blank(use.get("toolUseId")):
        fields.fail(rules.TOOL_USE, f"{path}.toolUseId")
    name = use.get("name")
    if not isinstance(name, str):
        fields.fail(rules.TOOL_USE, f"{path}.name")
    elif tools is None or name not in tools:
        fields.fail(rules.TOOL_USE, f"{path}.name", "not declared in toolConfig")


def _check_result(
    message: Message, result: Mapping[str, object], where: str, waiting: set[str], fields: Fields
) -> None:
    path = f"{where}.toolResult"
    if message.role != "user":
        fields.fail(rules.TOOL_RESULT, path, "in the assistant's turn")
    fields.only(result, _RESULT, path)
    content = result.get("content")
    if not isinstance(content, list) or not content or not all(map(_is_result, content)):
        fields.fail(rules.TOOL_RESULT, f"{path}.content")
    if str(result.get("toolUseId")) not in waiting:
        fields.fail(rules.TOOL_RESULT, f"{path}.toolUseId", "of no tool use before it")


def _is_result(item: object) -> bool:
    """Whether an item is one text, or one JSON object."""
    if not isinstance(item, dict) or len(item) != 1:
        return False
    return isinstance(item.get("text"), str) or isinstance(item.get("json"), dict)
