"""How many tokens the questions and the answers of a blind set are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.datasets import tokens
from bedrock_customization_runtime.datasets.records import Record, TestRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DECODER = msgspec.json.Decoder(TestRecord)


class BlindTokenCount:
    """Counts the likely tokens of the lines that pass; all figures are 0 before.

    Attributes:
        records: Lines.
        input: Tokens of all questions, system prompts and chat template included.
        references: Tokens of all answers that are there.
        unanswered: Records without one.
        unanswered_input: Tokens of their questions.
    """

    def __init__(self) -> None:
        self.records = self.input = self.references = 0
        self.unanswered = self.unanswered_input = 0

    def counting(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield lines of a blind set as they are, counting them.

        Args:
            lines: `TestRecord`s, one JSON object a line.
        """
        for line in lines:
            self._count(_DECODER.decode(line))
            yield line

    def _count(self, record: TestRecord) -> None:
        asked = tokens.estimate(Record(record.system, record.messages)).likely
        self.records += 1
        self.input += asked
        if record.reference:
            self.references += tokens.likely_of_text(record.reference)
        else:
            self.unanswered += 1
            self.unanswered_input += asked
