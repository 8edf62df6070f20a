"""The verdict on a row: made a record, repaired, checked, screened, and accepted or rejected.

What was decided is kept by `examined`; where the rows come from is `examination`'s.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.checking import quality
from bedrock_customization_runtime.datasets.checking.checks import Checks
from bedrock_customization_runtime.datasets.checking.privacy import Privacy, Screen
from bedrock_customization_runtime.datasets.problems import Problem, RecordRejectedError
from bedrock_customization_runtime.datasets.reading import json_rows
from bedrock_customization_runtime.datasets.reading.rows import Row, UnreadableRow
from bedrock_customization_runtime.datasets.record_formats import formats, shapes
from bedrock_customization_runtime.datasets.record_formats.converse import SCHEMA_VERSION
from bedrock_customization_runtime.datasets.record_formats.records import exchange
from bedrock_customization_runtime.datasets.record_formats.shapes import Shape
from bedrock_customization_runtime.datasets.record_formats.templates import Template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.datasets.examined import Examined
    from bedrock_customization_runtime.datasets.reading.lines import Block, Line
    from bedrock_customization_runtime.datasets.record_formats.plain import Proved
    from bedrock_customization_runtime.datasets.record_formats.records import (
        Content,
        Contents,
        Record,
    )
    from bedrock_customization_runtime.datasets.rules import Rule


class RowJudge:
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

    def judge_lines(self, block: Block, proved: Proved) -> None:
        """Decide on lines.

        Args:
            block: The lines.
            proved: Which of them are sound, and what those say.
        """
        contents, others = proved.contents, {*proved.others}
        start = 0
        for row in sorted(others.union(self._suspects(block, contents))):
            self._take(block, contents, start, row)
            if row in others:
                self._judge_line(block.line(row))
            else:
                self._judge_suspect(block.line(row), contents.one(row))
            start = row + 1
        self._take(block, contents, start, len(contents))

    def _suspects(self, block: Block, contents: Contents) -> list[int]:
        """Return the lines that may hold something private."""
        if self._screen is None or not self._examined.keeps:
            return []
        if b"\\" in block.data:
            texts = [_written(contents.one(row)) for row in range(len(contents))]
            return self._screen.suspects(b"".join(texts), [*accumulate(map(len, texts))])
        return self._screen.suspects(block.data, (block.ends + 1).tolist())

    def _take(self, block: Block, contents: Contents, start: int, end: int) -> None:
        """Accept lines that were proved sound and hold nothing private."""
        if start == end:
            return
        if not self._examined.keeps:
            self._examined.count(end - start)
            return
        some = contents.some(start, end)
        for number in quality.doubtful(some.last, some.answers):
            self._line = block.number + start + number
            quality.judge(some.last[number], some.answers[number], self._note)
        self._examined.accept_lines(block, start, some)

    def _judge_line(self, line: Line) -> None:
        row = json_rows.row(line, self._examined.note)
        if row is not None:
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
            quality.judge(content.last, content.answer, self._note)

    def _count_kind(self, kind: str) -> None:
        self._examined.personal_data[kind] += 1

    def _note(self, rule: Rule) -> None:
        self._examined.note(rule, self._line)


def _written(content: Content) -> bytes:
    """Return all that a record says."""
    return f"{content.question}\n{content.answer}\n".replace("\0", "\n").encode()
