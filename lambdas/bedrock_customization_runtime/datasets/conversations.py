"""Rows that are records already: a Converse conversation, or a prompt and its completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.records import Message, Record, TextBlock, exchange
from bedrock_customization_runtime.datasets.rules import RecordRejectedError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONVERSE_FIELDS = {"schemaVersion", "system", "messages"}
_EXCHANGE_FIELDS = {"prompt", "completion"}


def record_of(row: Mapping[str, object]) -> Record:
    """Return the record that a row is.

    Raises:
        RecordRejectedError: It is none.
    """
    if "messages" in row:
        _allow_only(row, _CONVERSE_FIELDS)
        if not isinstance(row.get("schemaVersion", ""), str):
            raise RecordRejectedError(rules.FIELD_TYPE, "schemaVersion")
        system = "\n".join(block.text for block in _blocks(row.get("system", []), "system"))
        return Record(system or None, _messages(row["messages"]))
    if row.keys() >= _EXCHANGE_FIELDS:
        _allow_only(row, _EXCHANGE_FIELDS)
        prompt, completion = row["prompt"], row["completion"]
        if not isinstance(prompt, str) or not isinstance(completion, str):
            raise RecordRejectedError(rules.FIELD_TYPE, "prompt or completion")
        return exchange(None, prompt, completion)
    raise RecordRejectedError(rules.FIELDS_MISSING)


def _messages(value: object) -> list[Message]:
    if not isinstance(value, list):
        raise RecordRejectedError(rules.FIELD_TYPE, "messages")
    messages: list[Message] = []
    for index, item in enumerate(value):
        where = f"messages[{index}]"
        if not isinstance(item, dict):
            raise RecordRejectedError(rules.FIELD_TYPE, where)
        _allow_only(item, {"role", "content"}, where)
        if not isinstance(item.get("role"), str):
            raise RecordRejectedError(rules.FIELD_TYPE, f"{where}.role")
        expected = "assistant" if index % 2 else "user"
        if item["role"] != expected:
            raise RecordRejectedError(rules.ROLE_ORDER, f"{where} should be the {expected}'s")
        content = _blocks(item.get("content"), f"{where}.content")
        if not content:
            raise RecordRejectedError(rules.EMPTY_TURN, where)
        messages.append(Message("assistant" if index % 2 else "user", content))
    if not messages or len(messages) % 2:
        raise RecordRejectedError(rules.ROLE_ORDER, "the last message should be the assistant's")
    return messages


def _blocks(value: object, where: str) -> list[TextBlock]:
    if not isinstance(value, list):
        raise RecordRejectedError(rules.FIELD_TYPE, where)
    blocks: list[TextBlock] = []
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise RecordRejectedError(rules.FIELD_TYPE, f"{where}[{index}]")
        if item.keys() != {"text"}:
            raise RecordRejectedError(rules.CONTENT_NOT_TEXT, f"{where}[{index}]")
        if not isinstance(item["text"], str):
            raise RecordRejectedError(rules.FIELD_TYPE, f"{where}[{index}].text")
        blocks.append(TextBlock(item["text"]))
    return blocks


def _allow_only(row: Mapping[str, object], fields: set[str], where: str = "the record") -> None:
    unknown = len(row.keys() - fields)
    if unknown:
        raise RecordRejectedError(rules.FIELD_UNKNOWN, f"{unknown} in {where}")
