"""The offending part of a rejected record, found by its JSONPath and masked, for people's eyes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined] # as JSONDecoder uses it
from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets.checking import privacy

if TYPE_CHECKING:
    from bedrock_customization_runtime.datasets.checking.rejections import (
        RejectedLine,
        RejectedProblem,
    )

_AROUND = 4096
"""Characters of the part, and on each side of it, that are looked at: more than a private key."""
_KEY = re.compile(r"\[PRIVATE_KEY\].*?(?:-----END [A-Z ]*KEY-----|$)", re.DOTALL)
"""What follows the first line of a private key, which `privacy.mask` has replaced."""
_REST_OF_KEY = re.compile(r"^.*-----END [A-Z ]*KEY-----", re.DOTALL)
"""A private key that begins before the text does."""
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]")
_SPACE = re.compile(r"[ \t\r\n]*")
_POSITION = re.compile(r"at character (\d+)")
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Excerpt:
    """A part of a record and what stands around it, masked, all of it printable."""

    before: str
    part: str
    after: str
    begins: bool
    """Whether `before` begins where the record does."""
    ends: bool
    """Whether `after` ends where the record does."""


def excerpt(line: RejectedLine, problem: RejectedProblem) -> Excerpt | None:
    """Return the offending part of a record.

    Secrets and personal data are masked, and what is not printable is escaped, so that a record
    can neither reach a screenshot whole nor steer a terminal.

    Args:
        line: The rejected record.
        problem: What is wrong with it.

    Returns:
        None where the record was not kept, or is not text.
    """
    text = line.original
    if not text:
        return None
    span = locate(text, problem)
    return Excerpt(
        before=_shown(text[max(0, span.start - _AROUND) : span.start]),
        part=_shown(text[span.start : min(span.end, span.start + _AROUND)]),
        after=_shown(text[span.end : span.end + _AROUND]),
        begins=span.start <= _AROUND,
        ends=span.end + _AROUND >= len(text),
    )


def locate(text: str, problem: RejectedProblem) -> Span:
    """Return where a problem is in the text of its record; the whole text if nobody knows."""
    position = _POSITION.search(problem.reason)
    if position:
        start = min(int(position[1]) - 1, len(text) - 1)
        return Span(start, start + 1)
    path = problem.path if problem.path.startswith("$") else f"$.{problem.path}"
    try:
        return _value(text, path)
    except (ValueError, RecursionError):
        return Span(0, len(text))


def _value(text: str, path: str) -> Span:
    """Return where the value of a JSONPath stands, or of the nearest object around it.

    Raises:
        ValueError: The text is no JSON.
    """
    start = _skip(text, 0)
    # What a byte order mark in front is worth is said by a rule of its own.
    start += text.startswith("\ufeff", start)
    for name, index in _STEP.findall(path):
        inner = _member(text, start, name) if name else _item(text, start, int(index))
        if inner is None:
            break
        start = inner
    return Span(start, _end(text, start))


def _member(text: str, start: int, name: str) -> int | None:
    if text[start : start + 1] != "{":
        return None
    position = _skip(text, start + 1)
    while text[position : position + 1] == '"':
        key, position = scanstring(text, position + 1, True)  # noqa: FBT003 - its signature
        position = _skip(text, _skip(text, position) + 1)
        if key == name:
            return position
        position = _skip(text, _end(text, position))
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
    return None


def _item(text: str, start: int, index: int) -> int | None:
    if text[start : start + 1] != "[":
        return None
    position = _skip(text, start + 1)
    while text[position : position + 1] not in {"", "]"}:
        if index == 0:
            return position
        index -= 1
        position = _skip(text, _end(text, position))
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
    return None


def _end(text: str, start: int) -> int:
    end: int = _decode(text, start)[1]
    return end


def _skip(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _shown(text: str) -> str:
    mark = "[PRIVATE_KEY]"
    masked = _REST_OF_KEY.sub(mark, _KEY.sub(mark, privacy.mask(text)))
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape", "surrogatepass").decode()
        for sign in masked
    )
