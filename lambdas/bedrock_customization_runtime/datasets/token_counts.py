"""How many tokens questions and answers are, counted while the lines of a side pass.

The index knows the tokens of whole records. What others are asked and what they say is billed at
two prices, so for those sides, which are small, questions and answers are counted apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.datasets import tokens
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.record_formats.records import Record, TestRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bedrock_customization_runtime.catalog import RecordFormat
    from bedrock_customization_runtime.datasets.record_formats.records import Message

    Read = Callable[[bytes], tuple[str | None, list[Message], str]]
    """Returns system prompt, question and answer of a line, an empty text for no answer."""

_BLIND = msgspec.json.Decoder(TestRecord)


class TokenCount:
    """Counts the likely tokens of lines; all figures are 0 before.

    Args:
        read: Reads a line.

    Attributes:
        records: Lines.
        questions: Tokens of all questions, system prompts and chat template included.
        answers: Tokens of all answers that are there.
        unanswered: Records without one.
        unanswered_questions: Tokens of their questions, a part of `questions`.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self.records = self.questions = self.answers = 0
        self.unanswered = self.unanswered_questions = 0

    @classmethod
    def of_blind_set(cls) -> TokenCount:
        """Return what counts the lines of a blind set."""

        def read(line: bytes) -> tuple[str | None, list[Message], str]:
            record = _BLIND.decode(line)
            return record.system, record.messages, record.reference

        return cls(read)

    @classmethod
    def of_records(cls, record_format: RecordFormat) -> TokenCount:
        """Return what counts the lines of records in a base model's format."""

        def read(line: bytes) -> tuple[str | None, list[Message], str]:
            record = formats.parse(line, record_format)
            return record.system, record.question, record.answer

        return cls(read)

    def counting(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield lines as they are, counting them."""
        for line in lines:
            self._count(*self._read(line))
            yield line

    def _count(self, system: str | None, question: list[Message], answer: str) -> None:
        asked = tokens.estimate(Record(system, question)).likely
        self.records += 1
        self.questions += asked
        if answer:
            self.answers += tokens.likely_of_text(answer)
        else:
            self.unanswered += 1
            self.unanswered_questions += asked
