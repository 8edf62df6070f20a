"""What every record must be: cleaned, complete, and within the base model's limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import formats, rules, tokens
from bedrock_customization_runtime.datasets.cleaning import clean, is_visible
from bedrock_customization_runtime.datasets.records import Message, Record, TextBlock
from bedrock_customization_runtime.datasets.rules import RecordRejectedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_runtime.catalog.rules import MethodRules
    from bedrock_customization_runtime.datasets.tokens import Tokens


class Checks:
    """The checks for one base model and method.

    Args:
        method: The catalogue's rules of the method.
    """

    def __init__(self, method: MethodRules) -> None:
        self._format = method.record_format
        self._maximum_tokens = method.tokens_per_record
        words = sorted(method.reserved_words, key=len, reverse=True)
        self._reserved = re.compile("|".join(map(re.escape, words))) if words else None

    def accept(self, record: Record, note: Callable[[rules.Rule], None]) -> tuple[Record, Tokens]:
        """Return the record as it will be written, and its size.

        Args:
            record: As read.
            note: Is told of repairs and of what is worth a look.

        Raises:
            RecordRejectedError: The record cannot be used.
        """
        record = formats.fitted(_cleaned(record, note), self._format)
        for index, message in enumerate(record.messages):
            if not is_visible(message.text):
                raise RecordRejectedError(rules.EMPTY_TURN, f"in message {index + 1}")
            self._check_words(message.text, f"in message {index + 1}")
        if record.system:
            self._check_words(record.system, "in the system prompt")
        size = tokens.estimate(record)
        if self._maximum_tokens is not None and size.most > self._maximum_tokens:
            raise RecordRejectedError(
                rules.TOO_MANY_TOKENS,
                f"up to {size.most:,} tokens by a cautious estimate, {self._maximum_tokens:,} fit",
            )
        return record, size

    def _check_words(self, text: str, where: str) -> None:
        if self._reserved and (found := self._reserved.search(text)):
            # The word is the catalogue's, so naming it quotes nobody's data.
            raise RecordRejectedError(rules.RESERVED_WORD, f"{found[0]!r} {where}")


def _cleaned(record: Record, note: Callable[[rules.Rule], None]) -> Record:
    system = clean(record.system, note) if record.system else None
    return Record(
        system if system and is_visible(system) else None,
        [
            Message(message.role, [TextBlock(clean(block.text, note)) for block in message.content])
            for message in record.messages
        ],
    )
