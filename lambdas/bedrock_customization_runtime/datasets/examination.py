"""The first pass: every record read, repaired, checked, and kept in a spool with a small index.

Memory does not grow with the size of the records: accepted ones lie in a temporary file, and spool
and index hold 72 bytes for each.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, Self

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.checking import quality, refusals
from bedrock_customization_runtime.datasets.checking.checks import Checks
from bedrock_customization_runtime.datasets.checking.findings import Findings
from bedrock_customization_runtime.datasets.checking.privacy import Privacy, Screen
from bedrock_customization_runtime.datasets.checking.problems import Problem, RecordRejectedError
from bedrock_customization_runtime.datasets.checking.rejections import Rejections
from bedrock_customization_runtime.datasets.index import Index
from bedrock_customization_runtime.datasets.reading import json_rows
from bedrock_customization_runtime.datasets.reading.csv_rows import CsvRows
from bedrock_customization_runtime.datasets.reading.first_columns import FirstColumns
from bedrock_customization_runtime.datasets.reading.lines import blocks, lines
from bedrock_customization_runtime.datasets.reading.rows import Row, UnreadableRow
from bedrock_customization_runtime.datasets.reading.sniffing import opened
from bedrock_customization_runtime.datasets.record_formats import formats, shapes
from bedrock_customization_runtime.datasets.record_formats.converse import SCHEMA_VERSION
from bedrock_customization_runtime.datasets.record_formats.plain import PlainLines
from bedrock_customization_runtime.datasets.record_formats.records import blind, exchange
from bedrock_customization_runtime.datasets.record_formats.shapes import Shape
from bedrock_customization_runtime.datasets.record_formats.templates import Template, named
from bedrock_customization_runtime.datasets.rules import Input, Verdict
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.datasets.spool import Spool
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.index import Columns
    from bedrock_customization_runtime.datasets.reading.lines import Block, Line
    from bedrock_customization_runtime.datasets.reading.rows import Note
    from bedrock_customization_runtime.datasets.record_formats.records import Content, Record
    from bedrock_customization_runtime.datasets.rules import Rule
    from bedrock_customization_runtime.datasets.settings import Settings


class Examined:
    """What the first pass found. Use it with `with`, which removes its temporary files.

    Attributes:
        settings: What it was examined by.
        read: Records read, rejected and omitted ones included; blank lines and a CSV header are
            none.
        findings: By rule.
        personal_data: Records by what kind of personal data or secret they hold.
        first_columns: Of the first rows, where a template is filled from JSON.
        index: Of the accepted records, in the order of the source.
        accepted: Records that can be used, copies included.
        rejected: Records that cannot.
        omitted: Records that are no training data, which is no fault of theirs.
        keeps: Whether accepted records are kept for a second pass.
    """

    def __init__(self, settings: Settings, *, keep: bool = True) -> None:
        self.settings = settings
        self.keeps = keep
        self.accepted = 0
        self.rejected = 0
        self.omitted = 0
        self.read = 0
        self.findings = Findings()
        self.personal_data: Counter[str] = Counter()
        self.first_columns = FirstColumns()
        self.index = Index(near_copies=settings.near_copies)
        self._accepted = Spool()
        self._rejections = Rejections()
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
        self._rejections.close()
        self.index.close()

    def line(self, index: int) -> bytes:
        """Return an accepted record as a line in the base model's format, by its number."""
        return self._accepted[index]

    def lines(self, rows: NDArray[np.intp]) -> Iterator[bytes]:
        """Yield accepted records as `line` returns them."""
        return self._accepted.some(rows)

    def record(self, index: int) -> Record:
        """Return an accepted record by its number in the index."""
        return formats.parse(self._accepted[index], self.settings.method.record_format)

    def records(self, rows: NDArray[np.intp]) -> Iterator[Record]:
        """Yield accepted records."""
        return formats.parse_all(self.lines(rows), self.settings.method.record_format)

    def columns(self) -> Columns:
        """Return the index as arrays; nothing can be added any more while they live."""
        return self.index.columns()

    def labels(self) -> dict[int, str] | None:
        """Return the answers by key if they are labels: few, short, each given again and again."""
        return self.index.labels()

    def bytes_of(self, side: Side, rows: NDArray[np.intp]) -> int:  # noqa: ARG002 - all sides' lines are as long but the blind set's, which no limit asks for
        """Return how many bytes records have together as lines of training or validation."""
        return self._accepted.size(rows)

    def lines_of(self, side: Side, rows: NDArray[np.intp]) -> Iterator[bytes]:
        """Yield records as lines of a side: `TestRecord`s for the blind set."""
        if side is not Side.TEST:
            return self.lines(rows)
        return (
            formats.blind_line(blind(record, slices))
            for record, slices in zip(self.records(rows), self.index.slices(rows), strict=True)
        )

    def rejected_lines(self) -> Iterator[bytes]:
        """Yield the first 100,000 rejected records as JSON (`RejectedLine`), with line feeds."""
        return self._rejections.lines()

    def begin_source(self, name: str) -> None:
        """Say that the lines that follow stand in another source than those before."""
        self._source = name
        self.findings.begin_source(name)
        self.first_columns = FirstColumns()

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
        slices: Mapping[str, str] | None = None,
        original: bytes | None = None,
    ) -> None:
        """Keep a record for the second pass.

        Args:
            line: Where it began in the source.
            record: As the base model's format holds it.
            content: What it says.
            group: What it must stay together with.
            stratum: What is spread evenly over the sides.
            slices: Values by the columns by which results are told apart.
            original: Its line, where that needs no change.

        Raises:
            DatasetRejected: There are more than memory holds; so of `accept_lines`.
        """
        self._count_accepted(1)
        place = self.findings.place(line)
        self.index.append(
            place,
            content,
            messages=len(record.messages),
            group=group,
            stratum=stratum,
            slices=slices,
        )
        if original is None:
            written = formats.training_line(record, self.settings.method.record_format)
        else:
            written = original + b"\n"
        self._accepted.append(written)

    def accept_lines(self, block: Block, first: int, contents: Sequence[Content]) -> None:
        """Keep records as they were read.

        Args:
            block: Where their lines are.
            first: Place of the first of them in the block; the others follow.
            contents: What each says; all end with an answer.
        """
        count = len(contents)
        place = self.findings.place(block.number + first)
        self._count_accepted(count)
        self.index.extend(
            range(place, place + count),
            contents,
            messages=[len(content.question) // 2 + 1 for content in contents],
        )
        start, ends = block.start(first), block.ends[first : first + count] + 1
        self._accepted.extend(block.data[start : ends[-1]], ends - start)

    def pass_blank(self, block: Block) -> None:
        """Note lines of which none holds anything."""
        place, count = self.findings.place(block.number), len(block.ends)
        self.findings.add(rules.BLANK_LINE, count, range(place, place + count))

    def count(self, records: int) -> None:
        """Count records that are accepted and not kept."""
        self.read += records
        self.accepted += records

    def _count_accepted(self, records: int) -> None:
        self.count(records)
        if self.settings.memory is not None:
            refusals.check_memory(self.accepted, self.settings.memory)

    def reject(self, row: Row | UnreadableRow, problems: list[Problem]) -> None:
        """Keep a record with the reasons why it cannot be used, or omit it."""
        self.read += 1
        for problem in problems:
            self.note(problem.rule, row.line)
        if all(problem.rule.verdict is Verdict.OMIT for problem in problems):
            self.omitted += 1
            return
        self.rejected += 1
        self._rejections.add(row, problems, file=self._source)


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


def examine_shard(chunks: Iterable[bytes], settings: Settings) -> Examined:
    """Read some whole lines out of the middle of a JSON Lines source and judge every record.

    Line numbers count from the first line of the shard, and that none of its rows has a column of
    the template is no error: `first_columns` says what the source as a whole must be checked by.

    Args:
        chunks: The lines' bytes, in pieces of any size.
        settings: What to judge by.

    Raises:
        InvalidInput: The template is wrong in itself.
    """
    examined = Examined(settings)
    try:
        _fill_from_lines(examined, chunks, _Judge(examined))
    except BaseException:
        examined.close()
        raise
    return examined


def _fill(examined: Examined, chunks: Iterable[bytes], judge: _Judge) -> None:
    template = judge.template
    kind, text = opened(chunks, nulls=template is not None)
    if kind is Input.JSONL:
        _fill_from_lines(examined, text, judge, checked_by=template)
        return
    for row in rows_of(kind, text, template, examined.note):
        judge.judge(row)


def _fill_from_lines(
    examined: Examined,
    text: Iterable[bytes],
    judge: _Judge,
    *,
    checked_by: Template | None = None,
) -> None:
    if judge.template is None and examined.settings.enrich is None:
        _fill_from_records(examined, blocks(text), judge)
        return
    rows = json_rows.rows(lines(text), examined.note)
    for row in _with_columns_noted(rows, examined.first_columns, checked_by):
        judge.judge(row)


def _fill_from_records(examined: Examined, source: Iterable[Block], judge: _Judge) -> None:
    """Judge lines that are records already: most are proved sound, the others examined."""
    plain = PlainLines(examined.settings.method)
    for block in source:
        if block.data.isspace():
            examined.pass_blank(block)
        else:
            judge.judge_lines(block, plain.contents(block))


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
        self._checks = Checks(
            settings.method,
            bucket=settings.bucket,
            media_below=settings.media_below,
            look=settings.media,
        )
        self._logs = settings.logs
        self._screen = None if settings.privacy is Privacy.OFF else Screen(settings.privacy)
        self._line = 0

    def judge(self, row: Row | UnreadableRow) -> None:
        """Decide on a row."""
        if isinstance(row, UnreadableRow):
            self._examined.reject(row, [Problem(row.rule, detail=row.detail)])
            return
        self._line = row.line
        group = stratum = slices = None
        try:
            if self.template:
                filled = self.template.fill(row.values, self._note)
                shape, group, stratum = None, filled.group, filled.stratum
                slices = filled.slices
                record = exchange(filled.system, filled.prompt, filled.completion)
            else:
                shape, record = self._record_of(row.values)
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
            screened = self._screened(record, content)
        except RecordRejectedError as error:
            self._examined.reject(row, error.problems)
            return
        if screened is not record:
            content = screened.content()
        self._look(screened, content)
        self._examined.accept(
            row.line, screened, content, group=group, stratum=stratum, slices=slices
        )

    def _record_of(self, row: Mapping[str, object]) -> tuple[Shape, Record]:
        if self._logs is not None and shapes.shape_of(row) is Shape.INVOCATION_LOG:
            return Shape.INVOCATION_LOG, self._logs.record_of(row)
        return shapes.record_of(row)

    def judge_lines(self, block: Block, contents: Sequence[Content | None]) -> None:
        """Decide on lines.

        Args:
            block: The lines.
            contents: What each says that was proved sound; None for the others.
        """
        start = 0
        for row in self._alone(block, contents):
            self._take(block, contents, start, row)
            self._judge_line(block.line(row), contents[row])
            start = row + 1
        self._take(block, contents, start, len(contents))

    def _alone(self, block: Block, contents: Sequence[Content | None]) -> list[int]:
        """Return the lines that must be looked at one by one."""
        alone = [row for row, content in enumerate(contents) if content is None]
        if self._screen is None or not self._examined.keeps:
            return alone
        if b"\\" in block.data:
            texts = [b"" if content is None else _written(content) for content in contents]
            suspects = self._screen.suspects(b"".join(texts), [*accumulate(map(len, texts))])
        else:
            suspects = self._screen.suspects(block.data, (block.ends + 1).tolist())
        return sorted({*alone, *suspects})

    def _take(self, block: Block, contents: Sequence[Content | None], start: int, end: int) -> None:
        """Accept lines that were proved sound and hold nothing private."""
        if start == end:
            return
        if not self._examined.keeps:
            self._examined.count(end - start)
            return
        some = [content for content in contents[start:end] if content is not None]
        questions = [_asked_last(content) for content in some]
        answers = [content.answer for content in some]
        for number in quality.doubtful(questions, answers):
            self._line = block.number + start + number
            quality.judge(questions[number], answers[number], self._note)
        self._examined.accept_lines(block, start, some)

    def _judge_line(self, line: Line, content: Content | None) -> None:
        if content is not None:
            self._judge_suspect(line, content)
        elif (row := json_rows.row(line, self._examined.note)) is not None:
            self.judge(row)

    def _judge_suspect(self, line: Line, content: Content) -> None:
        """Decide on a line that was proved sound and may hold something private."""
        self._line = line.number
        record = formats.parse(line.data, self._examined.settings.method.record_format)
        original: bytes | None = line.data
        try:
            screened = self._screened(record, content)
        except RecordRejectedError as error:
            self._examined.reject(Row(line.number, line.data, {}), error.problems)
            return
        if screened is not record:
            content, original = screened.content(), None
        self._look(screened, content)
        self._examined.accept(line.number, screened, content, original=original)

    def _screened(self, record: Record, content: Content) -> Record:
        if self._screen is None:
            return record
        traces = self._screen.traces_in(_written(content))
        if not traces:
            return record
        return self._screen.screened(record, traces, self._count_kind, self._note)

    def _look(self, record: Record, content: Content) -> None:
        if record.is_answered:
            quality.judge(_asked_last(content), content.answer, self._note)

    def _count_kind(self, kind: str) -> None:
        self._examined.personal_data[kind] += 1

    def _note(self, rule: Rule) -> None:
        self._examined.note(rule, self._line)


def _written(content: Content) -> bytes:
    """Return all that a record says."""
    return "\n".join((*content.question, content.answer, "")).encode()


def _asked_last(content: Content) -> str:
    """Return the last question, "" where there is none."""
    return content.question[-1] if len(content.question) > 1 else ""


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
        return _with_columns_noted(json_rows.rows(lines(text), note), FirstColumns(), template)
    table = CsvRows(lines(text), note)
    if template is None:
        raise DatasetRejected(
            f"the source is CSV with the columns {named(table.columns)}, and there is no template: "
            "give one that says which columns make prompt and completion"
        )
    if table.columns:
        template.check_columns(table.columns)
    return iter(table)


def _with_columns_noted(
    rows: Iterable[Row | UnreadableRow], first: FirstColumns, checked_by: Template | None
) -> Iterator[Row | UnreadableRow]:
    """Yield the rows; refuse the source if none of the first ones has a column of the template."""
    for row in rows:
        if not first.is_full and isinstance(row, Row):
            first.add(row.values)
            if checked_by and first.is_full:
                first.check(checked_by)
        yield row
    if checked_by and not first.is_full:
        first.check(checked_by)
