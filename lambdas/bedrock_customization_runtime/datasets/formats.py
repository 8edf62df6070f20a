"""Lines of a data set in the base model's own record format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.records import (
    Message,
    Record,
    TestRecord,
    TextBlock,
    exchange,
)
from bedrock_customization_runtime.datasets.rules import RecordRejectedError

if TYPE_CHECKING:
    from collections.abc import Callable

CONVERSE_SCHEMA = "bedrock-conversation-2024"
_EXCHANGE = 2
_encode = msgspec.json.Encoder().encode


class _ConverseLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    schemaVersion: str  # noqa: N815 - Bedrock's name
    system: list[TextBlock] = []
    messages: list[Message]


class _PromptCompletionLine(msgspec.Struct, frozen=True):
    prompt: str
    completion: str


def fitted(record: Record, record_format: RecordFormat) -> Record:
    """Return the record as the format can hold it, so that training and blind set ask alike.

    A prompt/completion line has no system prompt: it goes in front of the prompt.

    Raises:
        RecordRejectedError: The format cannot hold it.
    """
    if record_format is not RecordFormat.PROMPT_COMPLETION:
        return record
    if len(record.messages) != _EXCHANGE:
        raise RecordRejectedError(rules.MULTI_TURN)
    if record.system is None:
        return record
    return exchange(None, f"{record.system}\n\n{record.messages[0].text}", record.answer)


def training_line(record: Record, record_format: RecordFormat) -> bytes:
    """Return a line, with its line feed, of a training or validation set."""
    return _WRITERS[record_format](record) + b"\n"


def blind_line(record: TestRecord) -> bytes:
    """Return a line, with its line feed, of the blind set."""
    return _encode(record) + b"\n"


def is_writable(record_format: RecordFormat) -> bool:
    """Whether data preparation writes that format."""
    return record_format in _WRITERS


def _converse(record: Record) -> bytes:
    system = [TextBlock(record.system)] if record.system else []
    return _encode(
        _ConverseLine(schemaVersion=CONVERSE_SCHEMA, system=system, messages=record.messages)
    )


def _prompt_completion(record: Record) -> bytes:
    return _encode(_PromptCompletionLine(record.messages[0].text, record.answer))


_WRITERS: dict[RecordFormat, Callable[[Record], bytes]] = {
    RecordFormat.CONVERSE: _converse,
    RecordFormat.PROMPT_COMPLETION: _prompt_completion,
}
