"""The fast way: proves in a few passes of C over many lines that they need nothing.

`Checks` decides what is right; here it is only proved that it would find nothing and change
nothing. A proof that fails says nothing about a line: the slow way then judges it. So this may give
up on odd lines, and must never accept one that the slow way would not (a property test pairs the
two). The proof of a line:

- a typed decode: fields, types, strict UTF-8, numbers, no lone surrogate, no deep nesting;
- as many quotes as the decoded keys and strings need: so no key was there twice;
- no whitespace around texts, nothing invisible, normal form C;
- no reserved word, and fewer characters than could make too many tokens.

It is tried on all lines of a block at once; where it fails, on fewer, down to a single one.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import chain, cycle
from operator import sub
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import re2

from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.datasets.cleaning import FILLERS, is_visible
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.record_formats.converse import SCHEMA_VERSION
from bedrock_customization_runtime.datasets.record_formats.records import Content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from bedrock_customization_runtime.catalog.rules import MethodRules
    from bedrock_customization_runtime.datasets.reading.lines import Block

_TOKENS_PER_CHARACTER = 3
"""More than `tokens.estimate` ever says."""
_TOKENS_PER_TURN = 16
_NO_LIMIT = 2**62
_TURNS = ("user", "assistant")
_QUOTES = 6
"""Of a line of Converse: those of "schemaVersion": "…" and "messages". A system prompt ("system",
"text": "…") has 6, a message ("role": "…", "content") 6, and each block ("text": "…") 4."""
_LONG = 8192
_PARTS = 9
"""Into so many the lines go for which a proof failed."""
_QUOTE, _OPENS, _CLOSES = b'"{}'
_UTF_8 = re2.Options()
_UTF_8.encoding = re2.Options.Encoding.LATIN1  # bytes, that is
_ESCAPED = re2.compile(rb"\\[ubfr]", _UTF_8)
# Every character of cleaning's patterns, as UTF-8.
_UNUSUAL = re2.compile(
    rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f\xad]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]"
    rb"|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xef\xbf[\xb9-\xbd]|\xf3\xa0[\x80\x81]",
    _UTF_8,
)
_SIGN = re.compile(r"[^A-Za-z0-9\s]")
_DECODING_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Text(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A content block of Converse that is text."""

    text: str


class _Message(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    role: str
    content: list[_Text]


class _ConverseLine(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A line of Converse that holds nothing but text."""

    messages: list[_Message]
    schemaVersion: str = ""  # noqa: N815 - Bedrock's name
    system: list[_Text] = []


class _Said(msgspec.Struct, gc=False):
    """What a line says, if the rest of the proof holds."""

    content: Content
    texts: list[str]
    """Every text on it."""
    quotes: int
    """What its keys and strings need, without quotes inside the texts."""


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
        words = method.reserved_words
        # A search for one character is many times faster than one for a word.
        self._signs = {sign[0] if (sign := _SIGN.search(word)) else word for word in words}
        self._reserved = re2.compile("|".join(map(re2.escape, words)))
        line, self._say = _FORMATS.get(method.record_format, (object, None))
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(line)

    def contents(self, block: Block) -> list[Content | None]:
        """Return what each line says if it can be kept as it is, byte by byte, and None if not."""
        say = self._say
        if say is None or block.cut:
            return [None] * len(block.ends)
        starts, ends = block.starts, block.ends
        rows = self._decoded(block.data, starts, ends)
        said = [None if row is None else say(row) for row in rows]
        return self._proved(block.data, starts.tolist(), ends.tolist(), said)

    def _decoded(
        self, data: bytes, starts: NDArray[np.intp], ends: NDArray[np.intp]
    ) -> list[Any | None]:
        """Return the object on each line, None where it is not what the format has."""
        if len(ends) == 1:
            try:
                return [self._decoder.decode(data[starts[0] : ends[0]])]
            except _DECODING_ERRORS:
                return [None]
        octets = np.frombuffer(data, dtype=np.uint8)
        # JSON has no place for `}`, line feed, `{` but between two values: so each is on one line.
        if (octets[starts] == _OPENS).all() and (octets[ends - 1] == _CLOSES).all():
            try:
                rows: list[object] = self._decoder.decode_lines(_between(data, starts[0], ends[-1]))
            except _DECODING_ERRORS:
                rows = []
            if len(rows) == len(ends):
                return rows
        return [
            row
            for part in _parts(len(ends))
            for row in self._decoded(data, starts[part], ends[part])
        ]

    def _proved(
        self, data: bytes, starts: list[int], ends: list[int], said: list[_Said | None]
    ) -> list[Content | None]:
        """Return what was said on the lines for which the rest of the proof holds too."""
        sure = [one for one in said if one is not None]
        if len(sure) == len(said):
            longest = max(map(sub, ends, starts))
            if self._is_plain(_between(data, starts[0], ends[-1]), sure, longest):
                return [one.content for one in sure]
        if len(said) == 1 or not sure:
            return [None] * len(said)
        return [
            content
            for part in _parts(len(said))
            for content in self._proved(data, starts[part], ends[part], said[part])
        ]

    def _is_plain(  # noqa: PLR0911 - a list of proofs, cheapest first
        self, data: bytes, said: Sequence[_Said], longest: int
    ) -> bool:
        """Prove that the texts need nothing and that the lines say nothing else.

        Args:
            data: The lines.
            said: What was decoded from each.
            longest: Bytes of the longest line.
        """
        texts = list(chain.from_iterable([one.texts for one in said]))
        # strip() returns the very string where there is nothing to strip, so they compare at once.
        if not all(texts) or list(map(str.strip, texts)) != texts:
            return False
        if longest >= self._most_bytes or not self._is_short(said, longest):
            return False
        joined = "\n".join(texts)
        # `in` is many times faster than count() where there is nothing to count.
        escaped_quotes = joined.count('"') if '"' in joined else 0
        if escaped_quotes and b"\\u0022" in data:
            # A quote written so would hide a key from the count.
            return False
        needed = escaped_quotes + sum([one.quotes for one in said])
        # No line has fewer than it needs, so equal sums are equal for each.
        if _count_quotes(data) != needed:
            return False
        if not _is_usual(data, joined):
            return False
        if not joined.isascii() and not (
            unicodedata.is_normalized("NFC", joined) and all(map(_shows, texts))
        ):
            return False
        return not any(sign in joined for sign in self._signs) or (
            self._reserved.search(joined) is None
        )

    def _is_short(self, said: Sequence[_Said], longest: int) -> bool:
        """Whether no line could have too many tokens; its bytes answer for nearly every one."""
        most = self._most_characters
        turns = _TOKENS_PER_TURN * max([len(one.texts) for one in said])
        return longest + turns <= most or all(
            sum(map(len, one.texts)) + (_TOKENS_PER_TURN + 1) * len(one.texts) <= most
            for one in said
        )


def _parts(count: int) -> Iterator[slice]:
    step = max(1, count // _PARTS)
    return (slice(start, start + step) for start in range(0, count, step))


def _between(data: bytes, start: int, end: int) -> bytes:
    """Return lines without the last line feed, or all of the data, which need no copy."""
    return data if start == 0 and end == len(data) - 1 else data[start:end]


def _count_quotes(data: bytes) -> int:
    """Return how many quotes there are; bytes.count() is quicker for a line, slower for many."""
    if len(data) < _LONG:
        return data.count(b'"')
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == _QUOTE))


def _is_usual(data: bytes, joined: str) -> bool:
    """Whether no character of the decoded texts is one of cleaning's."""
    if b"\\" in data and _ESCAPED.search(data) is not None:
        return _UNUSUAL.search(joined.encode()) is None
    return b"\x7f" not in data if data.isascii() else _UNUSUAL.search(data) is None


def _shows(text: str) -> bool:
    """Whether a text shows something; tested in full only where its first character does not."""
    first = text[0]
    return text.isascii() or (first.isalnum() and first not in FILLERS) or is_visible(text)


def _converse(row: _ConverseLine) -> _Said | None:
    messages, system = row.messages, row.system
    if row.schemaVersion != SCHEMA_VERSION or len(system) > 1 or len(messages) % 2 or not messages:
        return None
    # Most are one question and its answer: they are read without a loop.
    if len(messages) == len(_TURNS):
        user, assistant = messages
        asked, answered = user.content, assistant.content
        if (
            len(asked) == len(answered) == 1
            and user.role == "user"
            and assistant.role == "assistant"
        ):
            question, answer = asked[0].text, answered[0].text
            if system:
                first = system[0].text
                said = Content([first, "user", question], answer)
                return _Said(said, [first, question, answer], _QUOTES + 6 + 10 + 10)
            said = Content(["", "user", question], answer)
            return _Said(said, [question, answer], _QUOTES + 10 + 10)
    return _conversation(messages, system)


def _conversation(messages: list[_Message], system: list[_Text]) -> _Said | None:
    texts = [block.text for block in system]
    said = [texts[0] if texts else ""]
    quotes = _QUOTES + 6 * len(system)
    for message, role in zip(messages, cycle(_TURNS), strict=False):
        blocks = [block.text for block in message.content]
        if message.role != role or not blocks:
            return None
        quotes += 6 + 4 * len(blocks)
        texts += blocks
        said += (role, "\n".join(blocks))
    answer = said.pop()
    said.pop()
    return _Said(Content(said, answer), texts, quotes)


def _exchange(row: formats.ExchangeLine) -> _Said:
    prompt, completion = row.prompt, row.completion
    return _Said(Content(["", "user", prompt], completion), [prompt, completion], 8)


def _claude(row: formats.ClaudeLine) -> _Said | None:
    messages = row.messages
    roles = [message.role for message in messages]
    if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
        return None
    texts = [message.content for message in messages]
    question = [row.system]
    for role, text in zip(roles[:-1], texts, strict=False):
        question += (role, text)
    # "messages", and for each "role": "…", "content": "…"
    quotes = 2 + 8 * len(roles)
    content = Content(question, texts[-1])
    if row.system:
        texts.append(row.system)
        quotes += 4
    return _Said(content, texts, quotes)


def _input(row: formats.InputLine) -> _Said:
    return _Said(Content([""], row.input), [row.input], 4)


_FORMATS: dict[RecordFormat, tuple[type, Callable[[Any], _Said | None] | None]] = {
    RecordFormat.CONVERSE: (_ConverseLine, _converse),
    RecordFormat.PROMPT_COMPLETION: (formats.ExchangeLine, _exchange),
    RecordFormat.CLAUDE_MESSAGES: (formats.ClaudeLine, _claude),
    RecordFormat.CONTINUED_PRETRAINING: (formats.InputLine, _input),
}
