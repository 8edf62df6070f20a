"""CSV (RFC 4180), strictly: a quote out of place costs its own record, not the rest of the file."""

from __future__ import annotations

import codecs
import csv
from collections import deque
from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.reading import lines as physical
from bedrock_customization_runtime.datasets.reading.rows import Row, UnreadableRow
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_customization_runtime.datasets.reading.lines import Line
    from bedrock_customization_runtime.datasets.reading.rows import Note

# The csv module has one limit per process, 128 KiB; a field may fill a whole line of ours.
csv.field_size_limit(2 * physical.MAXIMUM_BYTES)

_REPLAY_BUDGET = 16 * 2**20
"""Bytes a file may have read again after stray quotes; then a whole run-on record is given up."""
_NAMES_SHOWN = 20
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""What other programs put between fields."""


class CsvRows:
    """The records of a CSV file, by the columns of its first record.

    Args:
        lines: The file's physical lines.
        note: Is told of lines that were repaired.

    Attributes:
        columns: Names in the header, in order; () for an empty file.

    Raises:
        DatasetRejected: The header cannot be used.
    """

    def __init__(self, lines: Iterable[Line], note: Note) -> None:
        self._note = note
        self._feed = _Feed(lines, note)
        self._reader = csv.reader(self._feed, strict=True)
        self.columns = self._header()

    def __iter__(self) -> Iterator[Row | UnreadableRow]:
        """Yield what follows the header."""
        while (record := self._next()) is not None:
            if isinstance(record, UnreadableRow):
                yield record
                continue
            fields, taken = record
            original = b"\n".join(line.data for line in taken)
            line = taken[0].number
            if any(not field.isascii() and _is_damaged(field) for field in fields):
                yield UnreadableRow(line, original, rules.INVALID_UTF_8)
            elif len(fields) != len(self.columns):
                detail = f"{len(fields)} fields, the header has {len(self.columns)}"
                yield UnreadableRow(line, original, rules.CSV_RAGGED, detail)
            else:
                yield Row(line, original, dict(zip(self.columns, fields, strict=True)))

    def _header(self) -> tuple[str, ...]:
        record = self._next()
        if record is None:
            return ()
        if isinstance(record, UnreadableRow):
            raise DatasetRejected(
                f"the CSV header on line {record.line} cannot be read ({record.rule.what}): "
                f"{record.rule.fix}"
            )
        names = tuple(name.strip() for name in record[0])
        line = record[1][0].number
        if any(_is_damaged(name) for name in names):
            raise DatasetRejected(
                f"the CSV header on line {line} is not UTF-8: {rules.INVALID_UTF_8.fix}"
            )
        _check_delimiter(names, line)
        twice = sorted({name for name in names if names.count(name) > 1})[:_NAMES_SHOWN]
        if twice:
            raise DatasetRejected(
                f"the CSV header on line {line} has {', '.join(map(repr, twice))} more than once: "
                "give every column its own name"
            )
        return names

    def _next(self) -> tuple[list[str], list[Line]] | UnreadableRow | None:
        """Return the next record that is not blank, or None at the end."""
        while True:
            self._feed.begin_record()
            try:
                fields = next(self._reader, None)
            except (csv.Error, _RunOnError) as error:
                return self._unreadable(error)
            if fields is None:
                return None
            taken = self._feed.record
            if any(fields) and not (len(fields) == 1 and not fields[0].strip()):
                return fields, taken
            if len(self._feed.record) == 1 and not taken[0].data.strip():
                self._note(rules.BLANK_LINE, taken[0].number)
                continue
            return fields, taken

    def _unreadable(self, error: Exception) -> UnreadableRow:
        taken = self._feed.record
        first = taken[0]
        if first.cut:
            self._feed.give_back(taken[1:])
            return UnreadableRow(first.number, first.data, rules.LINE_TOO_LONG)
        # The quote most likely went wrong where the record begins: the next line starts afresh.
        if self._feed.give_back(taken[1:]):
            taken = taken[:1]
        detail = str(error) if isinstance(error, _RunOnError) else None
        original = b"\n".join(line.data for line in taken)
        return UnreadableRow(first.number, original, rules.CSV_QUOTE, detail)


class _RunOnError(Exception):
    """A record goes on and on, as after a quote that nobody closed."""


class _Feed:
    """Gives lines to the csv module, remembers those of the current record, takes them back."""

    def __init__(self, lines: Iterable[Line], note: Note) -> None:
        self._lines = iter(lines)
        self._note = note
        self._again: deque[Line] = deque()
        self._budget = _REPLAY_BUDGET
        self._size = 0
        self.record: list[Line] = []

    def begin_record(self) -> None:
        self.record = []
        self._size = 0

    def give_back(self, lines: list[Line]) -> bool:
        """Read lines again as the start of the next record, unless too many were already."""
        size = sum(len(line.data) for line in lines)
        if size > self._budget:
            return False
        self._budget -= size
        self._again.extendleft(reversed(lines))
        return True

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        data = line.data
        if not self.record and data.startswith(codecs.BOM_UTF8):
            data = data.removeprefix(codecs.BOM_UTF8)
            self._note(rules.BYTE_ORDER_MARK, line.number)
        self.record.append(line)
        self._size += len(data)
        if line.cut or self._size > physical.MAXIMUM_BYTES:
            raise _RunOnError("not closed within 1 MiB")
        return data.decode(errors="surrogateescape") + "\n"


def _check_delimiter(names: tuple[str, ...], line: int) -> None:
    if len(names) > 1:
        return
    for sign, called in _DELIMITERS.items():
        if sign in names[0]:
            raise DatasetRejected(
                f"the CSV header on line {line} holds {called} and no comma, so it would be one "
                f"column: save the file with commas between fields; {called} are not read"
            )


def _is_damaged(text: str) -> bool:
    """Whether the bytes it came from were not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
