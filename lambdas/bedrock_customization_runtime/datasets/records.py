"""The record every input becomes, the blind set's record, and their identity."""

from __future__ import annotations

from hashlib import blake2b
from typing import ClassVar, Literal

import msgspec

_DIGEST_BYTES = 12


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
        if len(self.content) == 1:
            return self.content[0].text
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
        id=keys_of(record).exact.hex(),
        system=record.system,
        messages=record.question,
        reference=record.answer,
    )


class Keys(msgspec.Struct, frozen=True):
    """Hashes by which records are compared, 96 bits each."""

    exact: bytes
    """Equal for exact copies."""
    question: bytes
    """Equal for records that ask exactly the same."""
    answer: bytes
    """Equal for the same answer."""


def keys_of(record: Record) -> Keys:
    """Return the hashes of a cleaned record, whose texts hold no NUL."""
    parts = [record.system or ""]
    for message in record.question:
        parts += (message.role, message.text)
    question = blake2b("\0".join(parts).encode(), digest_size=_DIGEST_BYTES)
    answer = record.answer.encode()
    exact = question.copy()
    exact.update(b"\0" + answer)
    return Keys(
        exact.digest(), question.digest(), blake2b(answer, digest_size=_DIGEST_BYTES).digest()
    )


def key_of_text(kind: str, text: str) -> bytes:
    """Return a hash of a text that stands for something of that kind."""
    return blake2b(f"{kind}\0{text}".encode(), digest_size=_DIGEST_BYTES).digest()
