"""The rows of a source of any kind, which must have the columns its template names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets.first_columns import FirstColumns
from bedrock_customization_runtime.datasets.reading import json_rows
from bedrock_customization_runtime.datasets.reading.csv_rows import CsvRows
from bedrock_customization_runtime.datasets.reading.lines import lines
from bedrock_customization_runtime.datasets.reading.rows import Row, UnreadableRow
from bedrock_customization_runtime.datasets.record_formats.templates import named
from bedrock_customization_runtime.datasets.rules import Input
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_customization_runtime.datasets.reading.rows import Note
    from bedrock_customization_runtime.datasets.record_formats.templates import Template


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
        return with_columns_noted(json_rows.rows(lines(text), note), FirstColumns(), template)
    table = CsvRows(lines(text), note)
    if template is None:
        raise DatasetRejected(
            f"the source is CSV with the columns {named(table.columns)}, and there is no template: "
            "give one that says which columns make prompt and completion"
        )
    if table.columns:
        template.check_columns(table.columns)
    return iter(table)


def with_columns_noted(
    rows: Iterable[Row | UnreadableRow], first: FirstColumns, checked_by: Template | None
) -> Iterator[Row | UnreadableRow]:
    """Yield rows, and refuse the source if none of the first ones has a column of the template.

    Args:
        rows: As they are read.
        first: Takes the columns of the first of them.
        checked_by: The template; None where the columns are checked later.

    Raises:
        DatasetRejected: The columns are not the template's.
    """
    for row in rows:
        if not first.is_full and isinstance(row, Row):
            first.add(row.values)
            if checked_by and first.is_full:
                first.check(checked_by)
        yield row
    if checked_by and not first.is_full:
        first.check(checked_by)
