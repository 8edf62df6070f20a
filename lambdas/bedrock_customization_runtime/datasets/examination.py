"""The first pass over a source: every row is read and handed to the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets.examined import Examined
from bedrock_customization_runtime.datasets.reading import json_rows
from bedrock_customization_runtime.datasets.reading.lines import blocks, lines
from bedrock_customization_runtime.datasets.reading.sniffing import opened
from bedrock_customization_runtime.datasets.record_formats.plain import PlainLines
from bedrock_customization_runtime.datasets.row_judge import RowJudge
from bedrock_customization_runtime.datasets.rules import Input
from bedrock_customization_runtime.datasets.source_rows import rows_of, with_columns_noted
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_customization_runtime.datasets.reading.lines import Block
    from bedrock_customization_runtime.datasets.record_formats.templates import Template
    from bedrock_customization_runtime.datasets.settings import Settings


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
        _fill(examined, chunks, RowJudge(examined))
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
        judge = RowJudge(examined)
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
        _fill_from_lines(examined, chunks, RowJudge(examined))
    except BaseException:
        examined.close()
        raise
    return examined


def _fill(examined: Examined, chunks: Iterable[bytes], judge: RowJudge) -> None:
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
    judge: RowJudge,
    *,
    checked_by: Template | None = None,
) -> None:
    if judge.template is None and examined.settings.enrich is None:
        _fill_from_records(examined, blocks(text), judge)
        return
    rows = json_rows.rows(lines(text), examined.note)
    for row in with_columns_noted(rows, examined.first_columns, checked_by):
        judge.judge(row)


def _fill_from_records(examined: Examined, source: Iterable[Block], judge: RowJudge) -> None:
    """Judge lines that are records already: most are proved sound, the others examined."""
    plain = PlainLines(examined.settings.method)
    for block in source:
        if block.data.isspace():
            examined.pass_blank(block)
        else:
            judge.judge_lines(block, plain.proved(block))
