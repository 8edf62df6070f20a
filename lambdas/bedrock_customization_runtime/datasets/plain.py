"""The fast way: proves in a few passes of C that a line needs neither repair nor rejection.

`Checks` decides what is right; here it is only proved that it would find nothing and change
nothing. A proof that fails says nothing about the line: the slow way then judges it. So this may
give up on odd lines, and must never accept one that the slow way would not (a property test pairs
the two). The proof of a line:

- a typed decode: fields, types, strict UTF-8, numbers, no lone surrogate, no deep nesting;
- as many quotes as the decoded keys and strings need: so no key was there twice;
- no whitespace around texts, nothing invisible, normal form C;
- no reserved word, and fewer characters than could make too many tokens.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import msgspec
import re2

from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.datasets import formats
from bedrock_customization_runtime.datasets.cleaning import FILLERS, is_visible
from bedrock_customization_runtime.datasets.converse import SCHEMA_VERSION
from bedrock_customization_runtime.datasets.records import exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bedrock_customization_runtime.catalog.rules import MethodRules
    from bedrock_customization_runtime.datasets.records import Record

_TOKENS_PER_CHARACTER = 3
"""More than `tokens.estimate` ever says."""
_TOKENS_PER_TURN = 16
_NO_LIMIT = 2**62
_UTF_8 = re2.Options()
_UTF_8.encoding = re2.Options.Encoding.LATIN1  # bytes, that is
_ESCAPED = re2.compile(rb"\\[ubfr]", _UTF_8)
# Every character of cleaning's patterns, as UTF-8.
_UNUSUAL = re2.compile(
    rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f\xad]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]"
    rb"|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xef\xbf[\xb9-\xbd]|\xf3\xa0[\x80\x81]",
    _UTF_8,
)
_PIVOT = re.compile(r"[^A-Za-z0-9\s]|\s")
_DECODING_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class PlainLines:
    """Recognizes lines that are records of the base model already, or of Converse.

    Args:
        method: The catalogue's rules.
    """

    def __init__(self, method: MethodRules) -> None:
        self._most_characters = (
            _NO_LIMIT
            if method.tokens_per_record is None
            else method.tokens_per_record // _TOKENS_PER_CHARACTER
        )
        self._most_bytes = method.bytes_per_record or _NO_LIMIT
        words: dict[str, list[str]] = {}
        for word in method.reserved_words:
            pivot = _PIVOT.search(word)
            words.setdefault(pivot[0] if pivot else word, []).append(word)
        self._reserved = tuple((pivot, tuple(group)) for pivot, group in words.items())
        self.read = self._readers().get(method.record_format, self._nothing)
        """Takes a line; returns its record if the line can be kept as it is, byte by byte."""

    def _readers(self) -> dict[RecordFormat, Callable[[bytes], Record | None]]:
        return {
            RecordFormat.CONVERSE: self._converse(),
            RecordFormat.PROMPT_COMPLETION: self._exchange(),
            RecordFormat.CLAUDE_MESSAGES: self._claude(),
            RecordFormat.CONTINUED_PRETRAINING: self._input(),
        }

    def _nothing(self, _: bytes) -> None:
        return None

    def _converse(self) -> Callable[[bytes], Record | None]:  # noqa: C901 - as below
        decode = msgspec.json.Decoder(formats.ConverseLine).decode
        is_plain = self._is_plain
        record_of = formats.converse_record

        def read(data: bytes) -> Record | None:  # noqa: PLR0911 - one call less a line
            try:
                row = decode(data)
            except _DECODING_ERRORS:
                return None
            if row.schemaVersion != SCHEMA_VERSION:
                return None
            texts: list[str | None] = []
            # "schemaVersion": "…", "messages"
            quotes = 6
            if row.system:
                if len(row.system) > 1:
                    return None
                quotes += 6
                texts.append(row.system[0].text)
            expected = "user"
            for message in row.messages:
                if message.role != expected:
                    return None
                expected = "assistant" if expected == "user" else "user"
                content = message.content
                # "role": "…", "content", and for each block "text": "…"
                if len(content) == 1:
                    quotes += 10
                    texts.append(content[0].text)
                elif content:
                    quotes += 6 + 4 * len(content)
                    texts += [block.text for block in content]
                else:
                    return None
            if expected != "user" or not row.messages or not is_plain(data, texts, quotes):
                return None
            return record_of(row)

        return read

    def _exchange(self) -> Callable[[bytes], Record | None]:
        decode = msgspec.json.Decoder(formats.ExchangeLine).decode

        def read(data: bytes) -> Record | None:
            try:
                row = decode(data)
            except _DECODING_ERRORS:
                return None
            if not self._is_plain(data, [row.prompt, row.completion], 8):
                return None
            return exchange(None, row.prompt, row.completion)

        return read

    def _claude(self) -> Callable[[bytes], Record | None]:
        decode = msgspec.json.Decoder(formats.ClaudeLine).decode

        def read(data: bytes) -> Record | None:
            try:
                row = decode(data)
            except _DECODING_ERRORS:
                return None
            roles = [message.role for message in row.messages]
            if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
                return None
            texts = [message.content for message in row.messages]
            if row.system:
                texts.append(row.system)
            quotes = 2 + (4 if row.system else 0) + 8 * len(roles)
            return formats.claude_record(row) if self._is_plain(data, texts, quotes) else None

        return read

    def _input(self) -> Callable[[bytes], Record | None]:
        def read(data: bytes) -> Record | None:
            try:
                record = formats.parse(data, RecordFormat.CONTINUED_PRETRAINING)
            except _DECODING_ERRORS:
                return None
            return record if self._is_plain(data, [record.answer], 4) else None

        return read

    def _is_plain(  # noqa: C901, PLR0911 - a list of proofs, cheapest first
        self, data: bytes, texts: Sequence[str | None], quotes: int
    ) -> bool:
        """Prove that the texts need nothing and that the line says nothing else.

        Args:
            data: The line.
            texts: Every text on it; None where a block holds something else.
            quotes: What its keys and strings need, without quotes inside the texts.
        """
        for text in texts:
            # strip() returns the very string where there is nothing to strip.
            if not text or text.strip() is not text:
                return False
        joined = "\n".join(texts)  # type: ignore[arg-type] # None has been refused
        size = len(joined) + _TOKENS_PER_TURN * len(texts)
        if size > self._most_characters or len(data) >= self._most_bytes:
            return False
        # `in` is many times faster than count() where there is nothing to count.
        escaped_quotes = joined.count('"') if '"' in joined else 0
        if data.count(b'"') != quotes + escaped_quotes:
            return False
        is_ascii = joined.isascii()
        if b"\\" in data and _ESCAPED.search(data) is not None:
            # A quote written as \u0022 would hide a key from the count.
            if (escaped_quotes and b"\\u0022" in data) or _UNUSUAL.search(joined.encode()):
                return False
        elif is_ascii:
            if b"\x7f" in data:
                return False
        elif _UNUSUAL.search(data) is not None:
            return False
        if not is_ascii and not (
            unicodedata.is_normalized("NFC", joined) and all(map(_shows, texts))
        ):
            return False
        for pivot, words in self._reserved:
            if pivot in joined and any(word in joined for word in words):
                return False
        return True


def _shows(text: str | None) -> bool:
    """Whether a text shows something; tested in full only where its first character does not."""
    if not text:
        return False
    first = text[0]
    return text.isascii() or (first.isalnum() and first not in FILLERS) or is_visible(text)
