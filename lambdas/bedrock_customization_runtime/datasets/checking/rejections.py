"""Rejected records: which line, which rule, what to do; and the original, while there is room."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.datasets.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bedrock_customization_runtime.datasets.problems import Problem
    from bedrock_customization_runtime.datasets.reading.rows import Row, UnreadableRow

_ORIGINALS_KEPT = 64 * 2**20
"""Bytes of rejected lines kept; later ones are listed without their original."""
_LISTED = 100_000
"""Rejected lines that are listed; all are counted. More of them help nobody and fill the disk."""


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


class Rejections:
    """The first 100,000 rejected records, on disk."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._originals = 0

    def __len__(self) -> int:
        """Return how many are listed."""
        return len(self._spool)

    def add(
        self, row: Row | UnreadableRow, problems: Sequence[Problem], *, file: str | None = None
    ) -> None:
        """List a record with the reasons why it cannot be used, if there is room.

        Args:
            row: What stood there.
            problems: All that is wrong.
            file: Where the line stands, if the data set has several sources.
        """
        if len(self) == _LISTED:
            return
        self._originals += len(row.original)
        original: dict[str, str] = {}
        if self._originals <= _ORIGINALS_KEPT:
            try:
                original = {"original": row.original.decode()}
            except UnicodeDecodeError:
                original = {"original_base64": base64.b64encode(row.original).decode()}
        self._write(
            RejectedLine(
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
                file=file,
                **original,
            )
        )

    def lines(self) -> Iterator[bytes]:
        """Yield them as JSON (`RejectedLine`), with line feeds."""
        for index in range(len(self._spool)):
            yield self._spool[index]

    def append(self, lines: Iterator[bytes], *, lines_before: int) -> None:
        """List what another list holds, of the part of the source that follows.

        Args:
            lines: As `lines` yields them; their numbers count from the part's first line.
            lines_before: Lines of the source before that part.
        """
        for line in lines:
            if len(self) == _LISTED:
                return
            found = msgspec.json.decode(line, type=RejectedLine)
            self._originals += _size_of_original(found)
            fits = self._originals <= _ORIGINALS_KEPT
            self._write(
                msgspec.structs.replace(
                    found,
                    line=found.line + lines_before,
                    original=found.original if fits else None,
                    original_base64=found.original_base64 if fits else None,
                )
            )

    def close(self) -> None:
        """Remove what is on disk."""
        self._spool.close()

    def _write(self, line: RejectedLine) -> None:
        self._spool.append(msgspec.json.encode(line) + b"\n")


def _size_of_original(line: RejectedLine) -> int:
    if line.original is not None:
        return len(line.original.encode())
    if line.original_base64 is not None:
        return len(base64.b64decode(line.original_base64))
    # One that did not fit into its own part's room fits into the whole's even less.
    return _ORIGINALS_KEPT + 1
