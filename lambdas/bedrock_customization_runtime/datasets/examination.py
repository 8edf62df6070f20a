"""The first pass: every record read, repaired, checked, and kept in a spool with a small index.

Memory does not grow with the size of the records: accepted ones lie in a temporary file, and spool
and index hold 64 bytes for each.
"""

from __future__ import annotations

import base64
from collections import Counter
from typing import TYPE_CHECKING, Self

import msgspec

from bedrock_customization_runtime.datasets import formats, json_rows, quality, rules, shapes
from bedrock_customization_runtime.datasets.checks import Checks
from bedrock_customization_runtime.datasets.converse import SCHEMA_VERSION
from bedrock_customization_runtime.datasets.csv_rows import CsvRows
from bedrock_customization_runtime.datasets.findings import Findings
from bedrock_customization_runtime.datasets.index import Index
from bedrock_customization_runtime.datasets.lines import lines
from bedrock_customization_runtime.datasets.plain import PlainLines
from bedrock_customization_runtime.datasets.privacy import Privacy, Screen
from bedrock_customization_runtime.datasets.problems import Problem, RecordRejectedError
from bedrock_customization_runtime.datasets.records import exchange
from bedrock_customization_runtime.datasets.rows import Row, UnreadableRow
from bedrock_customization_runtime.datasets.rules import Input
from bedrock_customization_runtime.datasets.shapes import Shape
from bedrock_customization_runtime.datasets.sniffing import opened
from bedrock_customization_runtime.datasets.spool import Spool
from bedrock_customization_runtime.datasets.templates import Template, named
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_customization_runtime.datasets.lines import Line
    from bedrock_customization_runtime.datasets.records import Content, Record
    from bedrock_customization_runtime.datasets.rows import Note
    from bedrock_customization_runtime.datasets.rules import Rule
    from bedrock_customization_runtime.datasets.settings import Settings

_ORIGINALS_KEPT = 64 * 2**20
"""Bytes of rejected lines kept; later ones are listed without their original."""
_REJECTED_KEPT = 100_000
"""Rejected lines that are listed; all are counted. More of them help nobody and fill the disk."""
_SAMPLE_ROWS = 100
"""Rows of JSON after which a column that none of them has is taken for misspelled."""
_COLUMNS_REMEMBERED = 1000


class RejectedProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One of the reasons why a line was rejected."""

    rule: str
    path: str
    """JSONPath into the record; for CSV and templates the name of a column or part."""
    reason: str
    fix: str


class RejectedLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the rejected records."""

    line: int
    rule: str
    """Of the first problem; likewise the reason."""
    reason: str
    problems: list[RejectedProblem]
    original: str | None = None
    """What stood there; missing where it is too much to keep."""
    original_base64: str | None = None
    """In place of `original` where the bytes are not UTF-8."""
    file: str | None = None
    """Where the line stands, if the data set has several sources."""


class Examined:
    """What the first pass found. Use it with `with`, which removes its temporary files.

    Attributes:
        settings: What it was examined by.
        read: Records read, rejected ones included; blank lines and a CSV header are none.
        findings: By rule.
        personal_data: Records by what kind of personal data or secret they hold.
        index: Of the accepted records, in the order of the source.
        accepted: Records that can be used, copies included.
        rejected: Records that cannot.
        keeps: Whether accepted records are kept for a second pass.
    """

    def __init__(self, settings: Settings, *, keep: bool = True) -> None:
        self.settings = settings
        self.keeps = keep
        self.accepted = 0
        self.rejected = 0
        self.read = 0
        self.findings = Findings()
        self.personal_data: Counter[str] = Counter()
        self.index = Index(near_copies=settings.near_copies)
        self._accepted = Spool()
        self._rejected = Spool()
        self._originals = 0
        self._source: str | None = None

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

    def line(self, index: int) -> bytes:
        """Return an accepted record as a line in the base model's format, by its number."""
        return self._accepted[index]

    def bytes_of(self, indices: Iterable[int]) -> int:
        """Return how many bytes the lines of some accepted records have together."""
        return sum(map(self._accepted.size, indices))

    def record(self, index: int) -> Record:
        """Return an accepted record by its number in the index."""
        return formats.parse(self._accepted[index], self.settings.method.record_format)

    def rejected_lines(self) -> Iterator[bytes]:
        """Yield the first 100,000 rejected records as JSON (`RejectedLine`), with line feeds."""
        for index in range(len(self._rejected)):
            yield self._rejected[index]

    def begin_source(self, name: str) -> None:
        """Say that the lines that follow stand in another source than those before."""
        self._source = name
        self.findings.begin_source(name)

    def note(self, rule: Rule, line: int) -> None:
        """Count a rule for a line of the source that is read."""
        self.findings.note(rule, self.findings.place(line))

    def accept(
        self,
        line: int,
        record: Record,
        content: Content,
        *,
        group: str | None = None,
        stratum: str | None = None,
        original: bytes | None = None,
    ) -> None:
        """Keep a record for the second pass.

        Args:
            line: Where it began in the source.
            record: As the base model's format holds it.
            content: What it says.
            group: What it must stay together with.
            stratum: What is spread evenly over the sides.
            original: Its line, where that needs no change.
        """
        self.read += 1
        self.accepted += 1
        self.index.append(
            self.findings.place(line),
            content,
            messages=len(record.messages),
            group=group,
            stratum=stratum,
        )
        if original is None:
            written = formats.training_line(record, self.settings.method.record_format)
        else:
            written = original + b"\n"
        self._accepted.append(written)

    def count(self, records: int) -> None:
        """Count records that are accepted and not kept."""
        self.read += records
        self.accepted += records

    def reject(self, row: Row | UnreadableRow, problems: list[Problem]) -> None:
        """Keep a record with the reasons why it cannot be used."""
        self.read += 1
        for problem in problems:
            self.note(problem.rule, row.line)
        self.rejected += 1
        if len(self._rejected) == _REJECTED_KEPT:
            return
        self._originals += len(row.original)
        original: dict[str, str] = {}
        if self._originals <= _ORIGINALS_KEPT:
            try:
                original = {"original": row.original.decode()}
            except UnicodeDecodeError:
                original = {"original_base64": base64.b64encode(row.original).decode()}
        rejected = RejectedLine(
            line=row.line,
            rule=problems[0].rule.id,
            reason=problems[0].reason,
            problems=[
                RejectedProblem(
                    rule=problem.rule.id,
                    path=problem.path,
                    reason=problem.reason,
                    fix=problem.rule.fix,
                )
                for problem in problems
            ],
            file=self._source,
            **original,
        )
        self._rejected.append(msgspec.json.encode(rejected) + b"\n")


def examine(chunks: Iterable[bytes], settings: Settings, *, keep: bool = True) -> Examined:
    """Read a source to its end and judge every record.

    Args:
        chunks: The source's bytes, in pieces of any size.
        settings: What to judge by.
        keep: Whether a data set is to be made of them. Without it the rules of format and base
            model are checked, and neither privacy nor quality looked at.

    Returns:
        What was found. A record that breaks a rule never raises.

    Raises:
        DatasetRejected: The source as a whole cannot be read: a foreign format, broken gzip data, a
            CSV header that cannot be used, a template that names columns it has not.
        InvalidInput: The template is wrong in itself.
    """
    examined = Examined(settings, keep=keep)
    try:
        _fill(examined, chunks, _Judge(examined))
    except BaseException:
        examined.close()
        raise
    return examined


def examine_all(sources: Iterable[tuple[str, Iterable[bytes]]], settings: Settings) -> Examined:
    """Read several sources as one data set; findings and rejected lines name theirs.

    Args:
        sources: Of each, its name for people, and its bytes.
        settings: What to judge by.

    Returns:
        As `examine`.

    Raises:
        DatasetRejected: As `examine`, with the source's name in front.
        InvalidInput: As `examine`.
    """
    examined = Examined(settings)
    try:
        judge = _Judge(examined)
        for name, chunks in sources:
            examined.begin_source(name)
            try:
                _fill(examined, chunks, judge)
            except DatasetRejected as error:
                raise DatasetRejected(f"{name}: {error}") from None
    except BaseException:
        examined.close()
        raise
    return examined


def _fill(examined: Examined, chunks: Iterable[bytes], judge: _Judge) -> None:
    template = judge.template
    kind, text = opened(chunks, nulls=template is not None)
    if kind is Input.JSONL and template is None and examined.settings.enrich is None:
        _fill_from_records(examined, lines(text), judge)
        return
    for row in rows_of(kind, text, template, examined.note):
        judge.judge(row)


def _fill_from_records(examined: Examined, source: Iterable[Line], judge: _Judge) -> None:
    """Judge lines that are records already: most are proved sound, the others examined."""
    read = PlainLines(examined.settings.method).read
    note = examined.note
    keeps = examined.keeps
    sound = 0
    for line in source:
        record = read(line.data)
        if record is not None and not line.cut:
            if keeps:
                judge.take(line, record)
            else:
                sound += 1
        elif (row := json_rows.row(line, note)) is not None:
            judge.judge(row)
    examined.count(sound)


class _Judge:
    """Takes rows one by one and accepts or rejects each."""

    def __init__(self, examined: Examined) -> None:
        settings = examined.settings
        self.template = (
            Template(settings.template, may_lack_completion=settings.enrich is not None)
            if settings.template
            else None
        )
        self._examined = examined
        self._enrich = settings.enrich
        self._checks = Checks(settings.method, settings.bucket, settings.media)
        self._screen = None if settings.privacy is Privacy.OFF else Screen(settings.privacy)
        self._line = 0

    def judge(self, row: Row | UnreadableRow) -> None:
        """Decide on a row."""
        if isinstance(row, UnreadableRow):
            self._examined.reject(row, [Problem(row.rule, detail=row.detail)])
            return
        self._line = row.line
        group = stratum = None
        try:
            if self.template:
                filled = self.template.fill(row.values, self._note)
                shape, group, stratum = None, filled.group, filled.stratum
                record = exchange(filled.system, filled.prompt, filled.completion)
            else:
                shape, record = shapes.record_of(row.values)
                if row.values.get("schemaVersion", SCHEMA_VERSION) != SCHEMA_VERSION and (
                    shape is Shape.CONVERSE
                ):
                    self._note(rules.SCHEMA_VERSION)
            if self._enrich is not None:
                record = self._enrich(record, row.line, self._note)
            record, _ = self._checks.accept(record, shape, self._note)
            if not self._examined.keeps:
                self._examined.count(1)
                return
            content = record.content()
            screened = self._screened(record, content, None)
        except RecordRejectedError as error:
            self._examined.reject(row, error.problems)
            return
        if screened is not record:
            content = screened.content()
        self._look(screened, content)
        self._examined.accept(row.line, screened, content, group=group, stratum=stratum)

    def take(self, line: Line, record: Record) -> None:
        """Decide on a line that was proved sound: only what it says can be wrong with it."""
        self._line = line.number
        content = record.content()
        original: bytes | None = line.data
        try:
            screened = self._screened(record, content, original)
        except RecordRejectedError as error:
            self._examined.reject(Row(line.number, line.data, {}), error.problems)
            return
        if screened is not record:
            content, original = screened.content(), None
        self._look(screened, content)
        self._examined.accept(line.number, screened, content, original=original)

    def _screened(self, record: Record, content: Content, original: bytes | None) -> Record:
        if self._screen is None:
            return record
        if original is None or b"\\" in original:
            original = "\n".join((*content.question, content.answer)).encode()
        traces = self._screen.traces_in(original)
        if not traces:
            return record
        return self._screen.screened(record, traces, self._count_kind, self._note)

    def _look(self, record: Record, content: Content) -> None:
        if record.is_answered:
            question = content.question[-1] if len(content.question) > 1 else ""
            quality.judge(question, content.answer, self._note)

    def _count_kind(self, kind: str) -> None:
        self._examined.personal_data[kind] += 1

    def _note(self, rule: Rule) -> None:
        self._examined.note(rule, self._line)


def rows_of(
    kind: Input, text: Iterator[bytes], template: Template | None, note: Note
) -> Iterator[Row | UnreadableRow]:
    """Yield the rows of a source, which must have the columns the template names.

    Args:
        kind: What `opened` says it is.
        text: Its text.
        template: What makes records of the rows; None where they are records.
        note: Is told of lines that were repaired.

    Raises:
        DatasetRejected: A CSV header cannot be used, or the columns are not the template's.
    """
    if kind is Input.JSONL:
        rows = json_rows.rows(lines(text), note)
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
