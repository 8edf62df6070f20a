"""The record every input becomes, the blind set's record, and their identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec
import xxhash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ID_DIGITS = 24
_NO_SLICES: Mapping[str, str] = {}
Json = dict[str, Any]
"""An object that Bedrock defines and this package hands through; `converse` checks it."""

_hash = xxhash.xxh3_64_intdigest
_encode = msgspec.json.Encoder(order="deterministic").encode


class ContentBlock(
    msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True
):
    """A content block of Bedrock's Converse API; exactly one field is set."""

    text: str | None = None
    image: Json | None = None
    video: Json | None = None
    document: Json | None = None
    reasoningContent: Json | None = None  # noqa: N815 - Bedrock's names, likewise the next
    toolUse: Json | None = None  # noqa: N815
    toolResult: Json | None = None  # noqa: N815


class Message(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A message of Bedrock's Converse API."""

    role: Literal["user", "assistant"]
    content: list[ContentBlock]

    @property
    def text(self) -> str:
        """The text blocks' texts, joined by line ends."""
        content = self.content
        if len(content) == 1:
            return content[0].text or ""
        return "\n".join(block.text for block in content if block.text is not None)

    @property
    def is_text(self) -> bool:
        """Whether it holds nothing but text."""
        return all(block.text is not None for block in self.content)

    @property
    def identity(self) -> str:
        """What two equal messages share: the text, or where there is more, all of it as JSON."""
        content = self.content
        if len(content) == 1 and (text := content[0].text) is not None:
            return text
        return self.text if self.is_text else _encode(self.content).decode()


class Record(msgspec.Struct, frozen=True, gc=False):
    """What a model is trained on: user and assistant in turn.

    The assistant is last, except where a model learns from prompts alone (distillation) or from a
    grader (reinforcement). A text for continued pre-training is one message of the assistant's.
    """

    system: str | None
    messages: list[Message]
    tools: msgspec.Raw | None = None
    """Converse's `toolConfig`, or the tools of OpenAI's chat format, as they were read."""
    reference: msgspec.Raw | None = None
    """Reinforcement: what a grader compares with, any JSON."""
    extra: msgspec.Raw | None = None
    """Reinforcement: further fields for the grader, as one JSON object."""

    @property
    def is_answered(self) -> bool:
        """Whether the last message is the assistant's."""
        return self.messages[-1].role == "assistant"

    @property
    def question(self) -> list[Message]:
        """The messages before the last answer."""
        return self.messages[:-1] if self.is_answered else self.messages

    @property
    def answer(self) -> str:
        """The text the model is to learn, or is graded by; empty where there is none."""
        if self.is_answered:
            return self.messages[-1].text
        if self.reference is None:
            return ""
        value = msgspec.json.decode(self.reference)
        return value if isinstance(value, str) else bytes(self.reference).decode()

    @property
    def asked(self) -> str:
        """The question as one text, or the text itself where there is no question."""
        return self.content().asked

    def content(self) -> Content:
        """Return what the record says, as it is compared."""
        messages = self.messages
        last = messages[-1]
        if last.role == "assistant":
            answer = last.identity
            messages = messages[:-1]
        else:
            answer = self.answer
        return content_of(self.system or "", _turns(messages), answer, messages=len(self.messages))


class Content(msgspec.Struct, frozen=True, gc=False):
    """What a record says, as it is compared: with all its blocks."""

    system: str
    """Empty where there is no system prompt."""
    question: str
    """System prompt, then role and identity of each message of the question, with NUL between."""
    asked: str
    """The question as one text, or the text itself where there is no question."""
    last: str
    """The last message of the question; empty where there is none."""
    answer: str
    messages: int


class Contents(msgspec.Struct, gc=False):
    """What many records say: a column for each field of `Content`."""

    systems: list[str] = []
    questions: list[str] = []
    asked: list[str] = []
    last: list[str] = []
    answers: list[str] = []
    messages: list[int] = []

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self.answers)

    def one(self, row: int) -> Content:
        """Return what a record says."""
        return Content(
            self.systems[row],
            self.questions[row],
            self.asked[row],
            self.last[row],
            self.answers[row],
            self.messages[row],
        )

    def some(self, start: int, end: int) -> Contents:
        """Return what records that follow each other say."""
        return Contents(
            self.systems[start:end],
            self.questions[start:end],
            self.asked[start:end],
            self.last[start:end],
            self.answers[start:end],
            self.messages[start:end],
        )

    def append(self, content: Content) -> None:
        """Add a record."""
        self.systems.append(content.system)
        self.questions.append(content.question)
        self.asked.append(content.asked)
        self.last.append(content.last)
        self.answers.append(content.answer)
        self.messages.append(content.messages)

    def extend(self, other: Contents) -> None:
        """Add records."""
        self.systems += other.systems
        self.questions += other.questions
        self.asked += other.asked
        self.last += other.last
        self.answers += other.answers
        self.messages += other.messages


class TestRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the blind set: what a model is asked, and the answer it is measured by."""

    __test__: ClassVar[bool] = False  # pytest takes every class named Test… for tests

    id: str
    """Of the content, so it survives other records being added or reordered."""
    system: str | None
    messages: list[Message]
    """In the shape of the Converse API; the last one is the user's."""
    reference: str
    slices: dict[str, str] = {}
    """Values by the columns by which results are sliced."""


def text_message(role: Literal["user", "assistant"], text: str) -> Message:
    """Return a message of one text."""
    return Message(role, [ContentBlock(text)])


def exchange(system: str | None, prompt: str, completion: str) -> Record:
    """Return the record of one question and its answer."""
    return Record(system, [text_message("user", prompt), text_message("assistant", completion)])


def blind(record: Record, slices: Mapping[str, str] = _NO_SLICES) -> TestRecord:
    """Return the record as a line of the blind set.

    Args:
        record: What it holds.
        slices: Its values by the columns by which results are sliced.
    """
    question, answer = record.question, record.answer
    text = "\0".join((record.system or "", *_turns(question), answer))
    return TestRecord(
        id=xxhash.xxh3_128_hexdigest(text.encode())[:_ID_DIGITS],
        system=record.system,
        messages=question,
        reference=answer,
        slices=dict(slices),
    )


def content_of(system: str, turns: Sequence[str], answer: str, *, messages: int) -> Content:
    """Return what a record says.

    Args:
        system: Its system prompt, or "".
        turns: Role and identity of each message of the question, in turn.
        answer: What is to be learned.
        messages: How many it has, the answer included.
    """
    texts = turns[1::2]
    return Content(
        system=system,
        question="\0".join((system, *turns)),
        asked=texts[0] if len(texts) == 1 else "\n".join(texts) or answer,
        last=texts[-1] if texts else "",
        answer=answer,
        messages=messages,
    )


def _turns(messages: Iterable[Message]) -> list[str]:
    """Return role and identity of each message, in turn."""
    turns: list[str] = []
    for message in messages:
        turns += (message.role, message.identity)
    return turns


def keys_of(texts: Iterable[str]) -> list[int]:
    """Return hashes by which texts are compared; 64 bits tell many millions apart."""
    return [_hash(text.encode()) for text in texts]


def key_of_text(kind: str, text: str) -> int:
    """Return a hash of a text that stands for something of that kind."""
    return _hash(f"{kind}\0{text}".encode())
