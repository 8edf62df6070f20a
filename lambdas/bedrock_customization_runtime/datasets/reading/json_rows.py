"""JSON Lines, strictly: what two readers could understand differently gets a verdict.

The fast path is one typed decode. Only a line that fails it, or could hide a duplicate key, is read
again by a slower parser that finds out what exactly is wrong.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import TYPE_CHECKING, NoReturn

import msgspec

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.problems import RecordRejectedError
from bedrock_customization_runtime.datasets.reading.rows import Row, UnreadableRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_customization_runtime.datasets.reading.lines import Line
    from bedrock_customization_runtime.datasets.reading.rows import Note

MAXIMUM_DEPTH = 64
_LONGEST_INTEGER = 20
_KEY_END = re.compile(rb'"\s*+:')
# Possessive, with the closing quote optional: linear on every input, closed strings or not.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_decode = msgspec.json.Decoder().decode


def rows(lines: Iterable[Line], note: Note) -> Iterator[Row | UnreadableRow]:
    """Yield a row for every line that is not blank."""
    for line in lines:
        found = row(line, note)
        if found is not None:
            yield found


def row(line: Line, note: Note) -> Row | UnreadableRow | None:
    """Return the row on a line, None where it is blank."""
    data = line.data
    if data.startswith(codecs.BOM_UTF8):
        data = data.removeprefix(codecs.BOM_UTF8)
        note(rules.BYTE_ORDER_MARK, line.number)
    if line.cut:
        return UnreadableRow(line.number, line.data, rules.LINE_TOO_LONG)
    if not data.strip():
        note(rules.BLANK_LINE, line.number)
        return None
    try:
        return Row(line.number, line.data, decode(data))
    except RecordRejectedError as error:
        (problem,) = error.problems
        return UnreadableRow(line.number, line.data, problem.rule, problem.detail)


def decode(data: bytes) -> dict[str, object]:
    """Return the object on a line.

    Raises:
        RecordRejectedError: Whatever else it is; never another exception.
    """
    _check_depth(data)
    try:
        value = _decode(data)
    except UnicodeDecodeError:
        raise RecordRejectedError(rules.INVALID_UTF_8) from None
    except msgspec.DecodeError:
        _explain(data)
    if not isinstance(value, dict):
        raise RecordRejectedError(rules.JSON_NOT_OBJECT)
    # Every key is followed by a quote and a colon, so equal numbers prove that no key was lost.
    if len(_KEY_END.findall(data)) != _count_keys(value):
        _parse_slowly(data)
    return value


def _check_depth(data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") <= MAXIMUM_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", data)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MAXIMUM_DEPTH:
            raise RecordRejectedError(rules.JSON_TOO_DEEP)


def _count_keys(value: dict[str, object]) -> int:
    count = 0
    unseen: list[object] = [value]
    while unseen:
        item = unseen.pop()
        if isinstance(item, dict):
            count += len(item)
            unseen.extend(item.values())
        elif isinstance(item, list):
            unseen.extend(item)
    return count


def _explain(data: bytes) -> NoReturn:
    """Raise for a line that the fast parser refused, with the rule it breaks."""
    text = _parse_slowly(data)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RecordRejectedError(rules.JSON_LONE_SURROGATE) from None
    raise RecordRejectedError(rules.JSON_MALFORMED)


def _parse_slowly(data: bytes) -> str:
    """Return all strings of the line, joined, if Python's own parser takes it."""
    strings: list[str] = []

    def keep(pairs: list[tuple[str, object]]) -> None:
        if len({name for name, _ in pairs}) != len(pairs):
            raise RecordRejectedError(rules.JSON_DUPLICATE_KEY)
        for name, value in pairs:
            strings.append(name)
            strings.extend(_strings(value))

    try:
        text = data.decode()
        outermost = json.loads(
            text,
            object_pairs_hook=keep,
            parse_constant=_refuse_number,
            parse_float=_parse_float,
            parse_int=_parse_int,
        )
    except UnicodeDecodeError:
        raise RecordRejectedError(rules.INVALID_UTF_8) from None
    except json.JSONDecodeError as error:
        rule, where = _syntax_error(error, text)
        raise RecordRejectedError(rule, detail=where) from None
    strings.extend(_strings(outermost))
    return "".join(strings)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _syntax_error(error: json.JSONDecodeError, text: str) -> tuple[rules.Rule, str]:
    where = f"at character {error.pos + 1}"
    if error.msg == "Extra data":
        return rules.JSON_TWO_VALUES, where
    if error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()):
        return rules.JSON_CUT, where
    return rules.JSON_MALFORMED, where


def _refuse_number(_: str) -> NoReturn:
    raise RecordRejectedError(rules.JSON_NUMBER)


def _parse_float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise RecordRejectedError(rules.JSON_NUMBER)
    return number


def _parse_int(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise RecordRejectedError(rules.JSON_NUMBER)
    return int(digits)
