"""Lines of a data set in the base model's own record format: written, and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.problems import RecordRejectedError
from bedrock_customization_runtime.datasets.record_formats.converse import SCHEMA_VERSION
from bedrock_customization_runtime.datasets.record_formats.records import (
    ContentBlock,
    Message,
    Record,
    TestRecord,
    exchange,
    text_message,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_EXCHANGE = 2
_encode = msgspec.json.Encoder().encode
_NO_TOOLS = msgspec.Raw()


class ConverseLine(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """A line of Converse."""

    schemaVersion: str = ""  # noqa: N815 - Bedrock's name
    system: list[ContentBlock] = []
    messages: list[Message]
    toolConfig: msgspec.Raw = _NO_TOOLS  # noqa: N815 - Bedrock's name


class ExchangeLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A line of prompt and completion."""

    prompt: str
    completion: str


class ChatMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A message whose content is a string."""

    role: str
    content: str


class ClaudeLine(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """A line of Claude messages."""

    messages: list[ChatMessage]
    system: str = ""


class InputLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A line of continued pre-training."""

    input: str


class _CaptionLine(msgspec.Struct, frozen=True, rename={"image_ref": "image-ref"}):
    image_ref: str
    caption: str


def fitted(record: Record, record_format: RecordFormat) -> Record:
    """Return the record as the format can hold it, so that training and blind set ask alike.

    A prompt/completion line has no system prompt: it goes in front of the prompt. The last answer
    of a conversation becomes the reference that reinforcement grades by, and the other way round.

    Raises:
        RecordRejectedError: The format cannot hold it.
    """
    if _is_text(record) != (record_format is RecordFormat.CONTINUED_PRETRAINING):
        raise RecordRejectedError(rules.SHAPE_UNFIT, "$", f"the model takes {record_format}")
    return _FITTERS[record_format](record)


def training_line(record: Record, record_format: RecordFormat) -> bytes:
    """Return a line, with its line feed, of a training or validation set."""
    return _WRITERS[record_format](record) + b"\n"


def parse(line: bytes, record_format: RecordFormat) -> Record:
    """Return the record of a line that `training_line` wrote, or that is as it writes them."""
    return _PARSERS[record_format](line)


def parse_all(lines: Iterable[bytes], record_format: RecordFormat) -> Iterator[Record]:
    """Yield the records of lines as `parse` does."""
    return map(_PARSERS[record_format], lines)


def blind_line(record: TestRecord) -> bytes:
    """Return a line, with its line feed, of the blind set."""
    return _encode(record) + b"\n"


def converse_record(line: ConverseLine) -> Record:
    """Return the record of a decoded line of Converse."""
    system = line.system
    return Record(
        (system[0].text if len(system) == 1 else "\n".join(block.text or "" for block in system))
        or None,
        line.messages,
        tools=line.toolConfig if line.toolConfig is not _NO_TOOLS else None,
    )


def claude_record(line: ClaudeLine) -> Record:
    """Return the record of a decoded line of Claude messages."""
    return Record(
        line.system or None,
        [
            text_message("assistant" if message.role == "assistant" else "user", message.content)
            for message in line.messages
        ],
    )


def _is_text(record: Record) -> bool:
    """Whether the record is a text for continued pre-training."""
    return len(record.messages) == 1 and record.is_answered


def _answered(record: Record) -> Record:
    """Return the record with its answer as the last message.

    Raises:
        RecordRejectedError: It has none.
    """
    if record.is_answered:
        return record
    if record.reference is None:
        raise RecordRejectedError(
            rules.ROLE_ORDER, "$.messages", "the last message should be the assistant's"
        )
    messages = [*record.messages, text_message("assistant", record.answer)]
    return Record(record.system, messages, tools=None)


def _fit_converse(record: Record) -> Record:
    return _answered(record)


def _fit_claude(record: Record) -> Record:
    _check_text(record)
    if record.tools is not None:
        raise RecordRejectedError(rules.CONTENT_NOT_TAKEN, "$.toolConfig")
    return _answered(record)


def _check_text(record: Record) -> None:
    for index, message in enumerate(record.messages):
        if not message.is_text:
            raise RecordRejectedError(rules.CONTENT_NOT_TAKEN, f"$.messages[{index}].content")


def _fit_exchange(record: Record) -> Record:
    record = _fit_claude(record)
    if len(record.messages) != _EXCHANGE:
        raise RecordRejectedError(rules.MULTI_TURN, "$.messages")
    if record.system is None:
        return record
    return exchange(None, f"{record.system}\n\n{record.messages[0].text}", record.answer)


def _fit_distillation(record: Record) -> Record:
    if len(record.question) != 1:
        raise RecordRejectedError(rules.SINGLE_TURN, "$.messages")
    if record.system is None:
        raise RecordRejectedError(rules.SYSTEM_MISSING, "$.system")
    if record.tools is not None:
        raise RecordRejectedError(rules.CONTENT_NOT_TAKEN, "$.toolConfig")
    _check_text(record)
    if record.reference is not None:
        record = _answered(record)
    # Bedrock takes one text a turn here.
    return Record(
        record.system,
        [text_message(message.role, message.text) for message in record.messages],
    )


def _fit_reinforcement(record: Record) -> Record:
    _check_text(record)
    if not record.is_answered:
        if record.reference is None:
            raise RecordRejectedError(rules.REFERENCE_MISSING)
        return record
    if record.reference is None and not record.answer.strip():
        raise RecordRejectedError(rules.REFERENCE_MISSING)
    reference = record.reference or msgspec.Raw(_encode(record.answer))
    return Record(
        record.system,
        record.question,
        tools=record.tools,
        reference=reference,
        extra=record.extra,
    )


def _fit_caption(record: Record) -> Record:
    if len(record.messages) != _EXCHANGE or record.messages[0].content[0].image is None:
        raise RecordRejectedError(rules.SHAPE_UNFIT, "$", "the model takes image-ref and caption")
    return record


def _converse(record: Record) -> bytes:
    return _encode(
        ConverseLine(
            schemaVersion=SCHEMA_VERSION,
            system=[ContentBlock(record.system)] if record.system else [],
            messages=record.messages,
            toolConfig=record.tools if record.tools is not None else _NO_TOOLS,
        )
    )


def _prompt_completion(record: Record) -> bytes:
    return _encode(ExchangeLine(record.messages[0].text, record.answer))


def _claude(record: Record) -> bytes:
    return _encode(ClaudeLine(_chat(record), record.system or ""))


def _input(record: Record) -> bytes:
    return _encode(InputLine(record.answer))


def _caption(record: Record) -> bytes:
    image = record.messages[0].content[0].image or {}
    return _encode(_CaptionLine(image["source"]["s3Location"]["uri"], record.answer))


def _reinforcement(record: Record) -> bytes:
    row: dict[str, Any] = {"messages": _chat(record)}
    if record.system:
        row["messages"] = [ChatMessage("system", record.system), *row["messages"]]
    row["reference_answer"] = record.reference
    if record.tools is not None:
        row["tools"] = record.tools
    if record.extra is not None:
        row |= msgspec.json.decode(record.extra)
    return _encode(row)


def _chat(record: Record) -> list[ChatMessage]:
    return [ChatMessage(message.role, message.text) for message in record.messages]


def _parse_caption(line: bytes) -> Record:
    row = _decode_caption(line)
    image = ContentBlock(image={"source": {"s3Location": {"uri": row.image_ref}}})
    return Record(None, [Message("user", [image]), text_message("assistant", row.caption)])


def _parse_reinforcement(line: bytes) -> Record:
    row = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    messages = msgspec.json.decode(row.pop("messages"), type=list[ChatMessage])
    tools, reference = row.pop("tools", None), row.pop("reference_answer", None)
    system = messages[0].content if messages[0].role == "system" else None
    turns = messages if system is None else messages[1:]
    return Record(
        system,
        [
            text_message("assistant" if turn.role == "assistant" else "user", turn.content)
            for turn in turns
        ],
        tools=tools,
        reference=reference,
        extra=msgspec.Raw(_encode(row)) if row else None,
    )


def _parse_exchange(line: bytes) -> Record:
    row = _decode_exchange(line)
    return exchange(None, row.prompt, row.completion)


_decode_converse = msgspec.json.Decoder(ConverseLine).decode
_decode_exchange = msgspec.json.Decoder(ExchangeLine).decode
_decode_claude = msgspec.json.Decoder(ClaudeLine).decode
_decode_input = msgspec.json.Decoder(InputLine).decode
_decode_caption = msgspec.json.Decoder(_CaptionLine).decode

_FITTERS: dict[RecordFormat, Callable[[Record], Record]] = {
    RecordFormat.CONVERSE: _fit_converse,
    RecordFormat.PROMPT_COMPLETION: _fit_exchange,
    RecordFormat.CLAUDE_MESSAGES: _fit_claude,
    RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE: _fit_reinforcement,
    RecordFormat.DISTILLATION_PROMPTS: _fit_distillation,
    RecordFormat.CONTINUED_PRETRAINING: lambda record: record,
    RecordFormat.IMAGE_CAPTION: _fit_caption,
}
_WRITERS: dict[RecordFormat, Callable[[Record], bytes]] = {
    RecordFormat.CONVERSE: _converse,
    RecordFormat.PROMPT_COMPLETION: _prompt_completion,
    RecordFormat.CLAUDE_MESSAGES: _claude,
    RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE: _reinforcement,
    RecordFormat.DISTILLATION_PROMPTS: _converse,
    RecordFormat.CONTINUED_PRETRAINING: _input,
    RecordFormat.IMAGE_CAPTION: _caption,
}
_PARSERS: dict[RecordFormat, Callable[[bytes], Record]] = {
    RecordFormat.CONVERSE: lambda line: converse_record(_decode_converse(line)),
    RecordFormat.PROMPT_COMPLETION: _parse_exchange,
    RecordFormat.CLAUDE_MESSAGES: lambda line: claude_record(_decode_claude(line)),
    RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE: _parse_reinforcement,
    RecordFormat.DISTILLATION_PROMPTS: lambda line: converse_record(_decode_converse(line)),
    RecordFormat.CONTINUED_PRETRAINING: lambda line: Record(
        None, [text_message("assistant", _decode_input(line).input)]
    ),
    RecordFormat.IMAGE_CAPTION: _parse_caption,
}
