"""The record every input becomes, the blind set's record, and their identity."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

_ID_BYTES = 12
_KEY_BYTES = 8


class TextBlock(msgspec.Struct, frozen=True):
    """A content block of Bedrock's Converse API that holds text."""

    text: str


class Message(msgspec.Struct, frozen=True):
    """A message of Bedrock's Converse API."""

    role: Literal["user", "assistant"]
    content: list[TextBlock]

    @property
    def text(self) -> str:
        """The blocks' texts, joined by line ends."""
        return "\n".join(block.text for block in self.content)


class Record(msgspec.Struct, frozen=True):
    """What a model is trained on: user and assistant in turn, the assistant last."""

    system: str | None
    messages: list[Message]

    @property
    def question(self) -> list[Message]:
        """The messages before the last answer."""
        return self.messages[:-1]

    @property
    def answer(self) -> str:
        """The text the model is to learn."""
        return self.messages[-1].text


class TestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the blind set: what a model is asked, and the answer it is measured by."""

    __test__: ClassVar[bool] = False  # pytest takes every class named Test… for tests

    id: str
    """Of the content, so it survives other records being added or reordered."""
    system: str | None
    messages: list[Message]
    """In the shape of the Converse API; the last one is the user's."""
    reference: str


def exchange(system: str | None, prompt: str, completion: str) -> Record:
    """Return the record of one question and its answer."""
    return Record(
        system,
        [
            Message("user", [TextBlock(prompt)]),
            Message("assistant", [TextBlock(completion)]),
        ],
    )


def blind(record: Record) -> TestRecord:
    """Return the record as a line of the blind set."""
    return TestRecord(
        id=_digest(_parts(record), _ID_BYTES).hex(),
        system=record.system,
        messages=record.question,
        reference=record.answer,
    )


def key_of(record: Record) -> int:
    """Return 64 bits that are equal for exact copies."""
    return key_of_texts(_parts(record))


def key_of_question(record: Record) -> int:
    """Return 64 bits that are equal for records that ask exactly the same."""
    return key_of_texts(_parts(record)[:-2])


def key_of_texts(texts: Iterable[str]) -> int:
    """Return 64 bits of a list of texts."""
    return int.from_bytes(_digest(texts, _KEY_BYTES), "big")


def _parts(record: Record) -> list[str]:
    parts = ["" if record.system is None else f"system {record.system}"]
    for message in record.messages:
        parts += (message.role, message.text)
    return parts


def _digest(texts: Iterable[str], size: int) -> bytes:
    # Lengths keep ["ab", "c"] and ["a", "bc"] apart.
    encoded = [text.encode() for text in texts]
    head = ",".join(str(len(text)) for text in encoded).encode()
    return blake2b(b"\n".join((head, *encoded)), digest_size=size).digest()
