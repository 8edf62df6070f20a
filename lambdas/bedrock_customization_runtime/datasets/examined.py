"""What the first pass found, kept in a spool with a small index; `row_judge` puts it there.

Memory does not grow with the size of the records: accepted ones lie in a temporary file, and spool
and index hold 72 bytes for each.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Self

from bedrock_customization_runtime.datasets import refusals, rules
from bedrock_customization_runtime.datasets.checking.findings import Findings
from bedrock_customization_runtime.datasets.checking.rejections import Rejections
from bedrock_customization_runtime.datasets.first_columns import FirstColumns
from bedrock_customization_runtime.datasets.index import Index
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.record_formats.records import blind
from bedrock_customization_runtime.datasets.rules import Verdict
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.datasets.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.index import Columns
    from bedrock_customization_runtime.datasets.problems import Problem
    from bedrock_customization_runtime.datasets.reading.lines import Block
    from bedrock_customization_runtime.datasets.reading.rows import Row, UnreadableRow
    from bedrock_customization_runtime.datasets.record_formats.records import (
        Content,
        Contents,
        Record,
    )
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
        self.index.append(place, content, group=group, stratum=stratum, slices=slices)
        if original is None:
            written = formats.training_line(record, self.settings.method.record_format)
        else:
            written = original + b"\n"
        self._accepted.append(written)

    def accept_lines(self, block: Block, first: int, contents: Contents) -> None:
        """Keep records as they were read.

        Args:
            block: Where their lines are.
            first: Place of the first of them in the block; the others follow.
            contents: What each says.
        """
        count = len(contents)
        place = self.findings.place(block.number + first)
        self._count_accepted(count)
        self.index.extend(range(place, place + count), contents)
        start, ends = block.start(first), block.ends[first : first + count] + 1
        self._accepted.extend(memoryview(block.data)[start : ends[-1]], ends - start)

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
