"""What every record must be: cleaned, complete, and within the base model's limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import rules, tokens
from bedrock_customization_runtime.datasets.checking.cleaning import clean, is_visible
from bedrock_customization_runtime.datasets.checking.problems import raise_all
from bedrock_customization_runtime.datasets.record_formats import formats, shapes
from bedrock_customization_runtime.datasets.record_formats.content import ContentRules
from bedrock_customization_runtime.datasets.record_formats.fields import Fields
from bedrock_customization_runtime.datasets.record_formats.records import (
    ContentBlock,
    Message,
    Record,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_customization_runtime.catalog.rules import MethodRules
    from bedrock_customization_runtime.datasets.record_formats.media_files import Look
    from bedrock_customization_runtime.datasets.record_formats.shapes import Shape
    from bedrock_customization_runtime.datasets.tokens import Tokens


class Checks:
    """The checks for one base model and method.

    Args:
        method: The catalogue's rules of the method.
        bucket: Of the data set, where it is known.
        media_below: S3 URI prefix below which media must lie, if they must.
        look: Looks at media files, where somebody can.
    """

    def __init__(
        self,
        method: MethodRules,
        *,
        bucket: str | None = None,
        media_below: str | None = None,
        look: Look | None = None,
    ) -> None:
        self._format = method.record_format
        self._max_tokens = method.tokens_per_record
        self._max_bytes = method.bytes_per_record
        self._content = ContentRules(method, bucket=bucket, media_below=media_below, look=look)
        words = sorted(method.reserved_words, key=len, reverse=True)
        self._reserved = re.compile("|".join(map(re.escape, words))) if words else None

    def accept(
        self, record: Record, shape: Shape | None, note: Callable[[rules.Rule], None]
    ) -> tuple[Record, Tokens]:
        """Return the record as it will be written, and its size.

        Args:
            record: As read.
            shape: Of the row it was read from; None where a template made it.
            note: Is told of repairs and of what is worth a look.

        Raises:
            RecordRejectedError: The record cannot be used; with everything that is wrong.
        """
        fields = Fields()
        self._content.check(record, fields, note)
        record = _cleaned(record, note)
        for index, message in enumerate(record.messages):
            for number, block in enumerate(message.content):
                path = shapes.text_path(shape, index, number)
                if block.text is not None and not is_visible(block.text):
                    fields.fail(rules.EMPTY_TURN, path)
                for text in _strings(block):
                    self._check_words(text, path, fields)
        if record.system:
            self._check_words(record.system, shapes.text_path(shape, -1), fields)
        raise_all(fields.problems)
        record = formats.fitted(record, self._format)
        size = tokens.estimate(record)
        self._check_size(record, size, fields)
        raise_all(fields.problems)
        return record, size

    def _check_words(self, text: str, path: str, fields: Fields) -> None:
        if self._reserved and (found := self._reserved.search(text)):
            # The word is the catalogue's, so naming it quotes nobody's data.
            fields.fail(rules.RESERVED_WORD, path, repr(found[0]))

    def _check_size(self, record: Record, size: Tokens, fields: Fields) -> None:
        if self._max_tokens is not None and size.most > self._max_tokens:
            fields.fail(
                rules.TOO_MANY_TOKENS,
                "$",
                f"up to {size.most:,} tokens by a cautious estimate, {self._max_tokens:,} fit",
            )
        if self._max_bytes is not None:
            length = len(formats.training_line(record, self._format))
            if length > self._max_bytes:
                detail = f"{length:,} bytes, {self._max_bytes:,} fit"
                fields.fail(rules.RECORD_TOO_LARGE, "$", detail)


def _cleaned(record: Record, note: Callable[[rules.Rule], None]) -> Record:
    system = clean(record.system, note) if record.system else None
    return Record(
        system if system and is_visible(system) else None,
        [
            Message(
                message.role,
                [
                    block if block.text is None else ContentBlock(clean(block.text, note))
                    for block in message.content
                ],
            )
            for message in record.messages
        ],
        tools=record.tools,
        reference=record.reference,
        extra=record.extra,
    )


def _strings(block: ContentBlock) -> Iterator[str]:
    """Yield every text that a model reads from a block."""
    if block.text is not None:
        yield block.text
        return
    unseen: list[object] = [block.reasoningContent, block.toolUse, block.toolResult]
    while unseen:
        item = unseen.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            unseen.extend(item.values())
        elif isinstance(item, list):
            unseen.extend(item)
