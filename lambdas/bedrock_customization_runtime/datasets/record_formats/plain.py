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
from itertools import cycle
from operator import sub
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import re2

from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.datasets.cleaning import FILLERS, is_visible
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.record_formats.converse import SCHEMA_VERSION
from bedrock_customization_runtime.datasets.record_formats.records import Contents, content_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


class Proved(msgspec.Struct):
    """What was found out about the lines of a block."""

    contents: Contents = msgspec.field(default_factory=Contents)
    """What each line says that can be kept as it is, byte by byte; of the others, nothing."""
    others: list[int] = []
    """Numbers of the lines for which the proof failed."""

    def give_up(self, lines: int) -> Proved:
        """Add lines for which the proof failed."""
        for _ in range(lines):
            self.others.append(len(self.contents))
            self.contents.append(_NOTHING)
        return self


class _Said(msgspec.Struct):
    """What lines say, if the rest of the proof holds."""

    contents: Contents
    texts: list[str]
    """Every text on them."""
    quotes: int
    """What their keys and strings need, without quotes inside the texts."""
    most_texts: int
    """Of a line."""


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

    def proved(self, block: Block) -> Proved:
        """Return which lines can be kept as they are, and what they say."""
        proved = Proved()
        if self._say is None or block.cut:
            return proved.give_up(len(block.ends))
        starts, ends = block.starts, block.ends
        rows = self._decoded(block.data, starts, ends)
        self._prove(block.data, starts.tolist(), ends.tolist(), rows, proved)
        return proved

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

    def _prove(
        self,
        data: bytes,
        starts: list[int],
        ends: list[int],
        rows: list[Any | None],
        proved: Proved,
    ) -> None:
        """Add to what was proved what the lines say for which the rest of the proof holds too."""
        said = None
        if self._say is not None and None not in rows:
            said = self._say(rows)
        if said is not None and self._is_plain(
            _between(data, starts[0], ends[-1]), said, max(map(sub, ends, starts))
        ):
            proved.contents.extend(said.contents)
        elif len(rows) == 1:
            proved.give_up(1)
        else:
            for part in _parts(len(rows)):
                self._prove(data, starts[part], ends[part], rows[part], proved)

    def _is_plain(  # noqa: PLR0911 - a list of proofs, cheapest first
        self, data: bytes, said: _Said, longest: int
    ) -> bool:
        """Prove that the texts need nothing and that the lines say nothing else.

        Args:
            data: The lines.
            said: What was decoded from them.
            longest: Bytes of the longest line.
        """
        texts = said.texts
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
        # No line has fewer than it needs, so equal sums are equal for each.
        if _count_quotes(data) != escaped_quotes + said.quotes:
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

    def _is_short(self, said: _Said, longest: int) -> bool:
        """Whether no line could have too many tokens; its bytes answer for nearly every one."""
        most = self._most_characters - _TOKENS_PER_TURN * said.most_texts
        contents = said.contents
        return longest <= most or all(
            len(question) + len(answer) <= most
            for question, answer in zip(contents.questions, contents.answers, strict=True)
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


def _converse(rows: list[_ConverseLine]) -> _Said | None:
    if any(row.schemaVersion != SCHEMA_VERSION or len(row.system) > 1 for row in rows):
        return None
    systems = [row.system[0].text if row.system else "" for row in rows]
    conversations = [row.messages for row in rows]
    exchanges = _exchanges(conversations)
    if exchanges is None:
        return _conversations(systems, conversations)
    return _of_exchanges(systems, *exchanges, quotes=(_QUOTES + 20) * len(rows), system_quotes=6)


def _exchanges(conversations: list[list[_Message]]) -> tuple[list[str], list[str]] | None:
    """Return questions and answers; None unless each conversation is one of each, of one block."""
    if {*map(len, conversations)} != {len(_TURNS)}:
        return None
    texts = []
    for turn, role in enumerate(_TURNS):
        messages = [conversation[turn] for conversation in conversations]
        contents = [message.content for message in messages if message.role == role]
        if len(contents) < len(messages) or {*map(len, contents)} != {1}:
            return None
        texts.append([content[0].text for content in contents])
    asked, answers = texts
    return asked, answers


def _of_exchanges(
    systems: list[str], asked: list[str], answers: list[str], *, quotes: int, system_quotes: int
) -> _Said:
    """Return what lines of one question and its answer say.

    Args:
        systems: System prompt of each, "" where there is none.
        asked: Question of each.
        answers: Answer of each.
        quotes: What all lines need without system prompts.
        system_quotes: What each system prompt needs.
    """
    prompts = [*filter(None, systems)]
    questions = [f"{system}\0user\0{text}" for system, text in zip(systems, asked, strict=True)]
    return _Said(
        Contents(systems, questions, asked, asked, answers, [len(_TURNS)] * len(asked)),
        [*prompts, *asked, *answers],
        quotes + system_quotes * len(prompts),
        most_texts=len(_TURNS) + 1,
    )


def _conversations(systems: list[str], conversations: list[list[_Message]]) -> _Said | None:
    said = _Said(Contents(), [*filter(None, systems)], 0, 0)
    said.quotes = _QUOTES * len(systems) + 6 * len(said.texts)
    for system, messages in zip(systems, conversations, strict=True):
        turns: list[str] = []
        texts = 1
        for message, role in zip(messages, cycle(_TURNS), strict=False):
            blocks = [block.text for block in message.content]
            if message.role != role or not blocks:
                return None
            said.quotes += 6 + 4 * len(blocks)
            said.texts += blocks
            texts += len(blocks)
            turns += (role, "\n".join(blocks))
        if not turns or len(messages) % 2:
            return None
        *turns, _, answer = turns
        said.contents.append(content_of(system, turns, answer, messages=len(messages)))
        said.most_texts = max(said.most_texts, texts)
    return said


def _exchange(rows: list[formats.ExchangeLine]) -> _Said:
    prompts = [row.prompt for row in rows]
    completions = [row.completion for row in rows]
    quotes = 8 * len(rows)
    return _of_exchanges([""] * len(rows), prompts, completions, quotes=quotes, system_quotes=0)


def _claude(rows: list[formats.ClaudeLine]) -> _Said | None:
    said = _Said(Contents(), [row.system for row in rows if row.system], 0, 0)
    said.quotes = 4 * len(said.texts)
    for row in rows:
        messages = row.messages
        roles = [message.role for message in messages]
        if not roles or roles != [*_TURNS] * (len(roles) // 2):
            return None
        texts = [message.content for message in messages]
        said.texts += texts
        # "messages", and for each "role": "…", "content": "…"
        said.quotes += 2 + 8 * len(roles)
        turns = [part for pair in zip(roles, texts, strict=True) for part in pair]
        content = content_of(row.system, turns[:-2], texts[-1], messages=len(texts))
        said.contents.append(content)
        said.most_texts = max(said.most_texts, len(texts) + 1)
    return said


def _input(rows: list[formats.InputLine]) -> _Said:
    texts = [row.input for row in rows]
    nothing = [""] * len(rows)
    contents = Contents(nothing, nothing, texts, nothing, texts, [1] * len(rows))
    return _Said(contents, texts, 4 * len(rows), most_texts=1)


_NOTHING = content_of("", (), "", messages=0)
_FORMATS: dict[RecordFormat, tuple[type, Callable[[Any], _Said | None] | None]] = {
    RecordFormat.CONVERSE: (_ConverseLine, _converse),
    RecordFormat.PROMPT_COMPLETION: (formats.ExchangeLine, _exchange),
    RecordFormat.CLAUDE_MESSAGES: (formats.ClaudeLine, _claude),
    RecordFormat.CONTINUED_PRETRAINING: (formats.InputLine, _input),
}
