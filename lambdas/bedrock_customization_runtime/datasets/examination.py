"""The first pass: every record read, repaired, checked, and kept in a spool with a small index.

Memory does not grow with the size of the records: accepted ones lie in a temporary file, and spool
and index hold 64 bytes for each.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Self

import msgspec

from bedrock_customization_runtime.datasets import conversations
from bedrock_customization_runtime.datasets.checks import Checks
from bedrock_customization_runtime.datasets.csv_rows import CsvRows
from bedrock_customization_runtime.datasets.findings import Findings
from bedrock_customization_runtime.datasets.index import Index
from bedrock_customization_runtime.datasets.json_rows import rows as json_rows
from bedrock_customization_runtime.datasets.lines import lines
from bedrock_customization_runtime.datasets.records import Record, exchange
from bedrock_customization_runtime.datasets.rows import Row, UnreadableRow
from bedrock_customization_runtime.datasets.rules import Input, RecordRejectedError
from bedrock_customization_runtime.datasets.sniffing import opened
from bedrock_customization_runtime.datasets.spool import Spool
from bedrock_customization_runtime.datasets.templates import Template, named
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_customization_runtime.datasets.rows import Note
    from bedrock_customization_runtime.datasets.rules import Rule
    from bedrock_customization_runtime.datasets.settings import Settings
    from bedrock_customization_runtime.datasets.tokens import Tokens

_ORIGINALS_KEPT = 64 * 2**20
"""Bytes of rejected lines kept; later ones are listed without their original."""
_SAMPLE_ROWS = 100
"""Rows of JSON after which a column that none of them has is taken for misspelled."""
_COLUMNS_REMEMBERED = 1000
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


class RejectedLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the rejected records."""

    line: int
    rule: str
    reason: str
    original: str | None = None
    """What stood there; missing where it is too much to keep."""
    original_base64: str | None = None
    """In place of `original` where the bytes are not UTF-8."""


class Examined:
    """What the first pass found. Use it with `with`, which removes its temporary files.

    Attributes:
        settings: What it was examined by.
        read: Records read, rejected ones included; blank lines and a CSV header are none.
        findings: By rule.
        index: Of the accepted records, in the order of the source.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.read = 0
        self.findings = Findings()
        self.index = Index()
        self._accepted = Spool()
        self._rejected = Spool()
        self._originals = 0

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Remove the temporary files."""
        self._accepted.close()
        self._rejected.close()

    @property
    def accepted(self) -> int:
        """Records that can be used, copies included."""
        return len(self._accepted)

    @property
    def rejected(self) -> int:
        """Records that cannot."""
        return len(self._rejected)

    def record(self, index: int) -> Record:
        """Return an accepted record by its number in the index."""
        return _decode(self._accepted[index])

    def rejected_lines(self) -> Iterator[bytes]:
        """Yield the rejected records as JSON (`RejectedLine`), each with its line feed."""
        for index in range(len(self._rejected)):
            yield self._rejected[index]

    def accept(self, line: int, record: Record, size: Tokens, group: str | None) -> None:
        """Keep a record for the second pass."""
        self.read += 1
        self.index.append(line, record, size, group)
        self._accepted.append(_encode(record))

    def reject(self, row: Row | UnreadableRow, rule: Rule, detail: str | None) -> None:
        """Keep a record with the reason why it cannot be used."""
        self.read += 1
        self.findings.note(rule, row.line)
        self._originals += len(row.original)
        original: dict[str, str] = {}
        if self._originals <= _ORIGINALS_KEPT:
            try:
                original = {"original": row.original.decode()}
            except UnicodeDecodeError:
                original = {"original_base64": base64.b64encode(row.original).decode()}
        reason = f"{rule.what} ({detail})" if detail else rule.what
        rejected = RejectedLine(line=row.line, rule=rule.id, reason=reason, **original)
        self._rejected.append(msgspec.json.encode(rejected) + b"\n")


def examine(chunks: Iterable[bytes], settings: Settings) -> Examined:
    """Read a source to its end and judge every record.

    Args:
        chunks: The source's bytes, in pieces of any size.
        settings: What to judge by.

    Returns:
        What was found. A record that breaks a rule never raises.

    Raises:
        DatasetRejected: The source as a whole cannot be read: a foreign format, broken gzip data, a
            CSV header that cannot be used, a template that names columns it has not.
        InvalidInput: The template is wrong in itself.
    """
    examined = Examined(settings)
    try:
        _fill(examined, chunks)
    except BaseException:
        examined.close()
        raise
    return examined


def _fill(examined: Examined, chunks: Iterable[bytes]) -> None:
    settings = examined.settings
    template = Template(settings.template) if settings.template else None
    checks = Checks(settings.method)
    line = 0

    def note(rule: Rule) -> None:
        examined.findings.note(rule, line)

    for row in _rows(chunks, template, examined.findings.note):
        if isinstance(row, UnreadableRow):
            examined.reject(row, row.rule, row.detail)
            continue
        line = row.line
        try:
            if template:
                filled = template.fill(row.values, note)
                group = filled.group
                record = exchange(filled.system, filled.prompt, filled.completion)
            else:
                group = None
                record = conversations.record_of(row.values)
            record, size = checks.accept(record, note)
        except RecordRejectedError as error:
            examined.reject(row, error.rule, error.detail)
        else:
            examined.accept(line, record, size, group)


def _rows(
    chunks: Iterable[bytes], template: Template | None, note: Note
) -> Iterator[Row | UnreadableRow]:
    """Yield the rows of a source, which must have the columns the template names."""
    kind, text = opened(chunks)
    if kind is Input.JSONL:
        rows = json_rows(lines(text), note)
        return _with_columns_checked(rows, template) if template else rows
    table = CsvRows(lines(text), note)
    if template is None:
        raise DatasetRejected(
            f"the source is CSV with the columns {named(table.columns)}, and there is no template: "
            "give one that says which columns make prompt and completion"
        )
    if table.columns:
        template.check_columns(table.columns)
    return iter(table)


def _with_columns_checked(
    rows: Iterable[Row | UnreadableRow], template: Template
) -> Iterator[Row | UnreadableRow]:
    """Yield the rows; refuse the source if none of the first ones has a column of the template."""
    columns: set[str] = set()
    seen = 0
    for row in rows:
        if isinstance(row, Row) and seen < _SAMPLE_ROWS:
            seen += 1
            columns.update(list(row.values)[:_COLUMNS_REMEMBERED])
            if seen == _SAMPLE_ROWS:
                template.check_columns(columns)
        yield row
    if 0 < seen < _SAMPLE_ROWS:
        template.check_columns(columns)
