"""The user's data file as far as the command line must know it: columns, and what to ask of them.

Whether the records can be used is not judged here: that is the pipeline's own work.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_runtime.datasets.reading import json_rows, sniffing
from bedrock_customization_runtime.datasets.reading.csv_rows import CsvRows
from bedrock_customization_runtime.datasets.reading.lines import lines
from bedrock_customization_runtime.datasets.reading.rows import Row
from bedrock_customization_runtime.datasets.rules import Input
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_CHUNK_BYTES = 2**16
_LONGEST_NAME = 100
_RECORD_FORMS = ({"messages"}, {"prompt", "completion"})
_BRACES = frozenset("{}")


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFile:
    """A file of rows, or of finished records."""

    path: Path
    columns: tuple[str, ...]
    """From a CSV file's header or a JSONL file's first record."""
    holds_records: bool
    """Prompt and completion, or messages as Converse takes them: there are no columns to choose."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """How a row becomes a record; `{column}` stands for a column's value."""

    prompt: str
    completion: str
    system: str | None = None
    group_by: str | None = None


def open_data(path: Path) -> DataFile:
    """Look at a file's beginning, with the readers that the pipeline uses.

    Raises:
        CommandError: There is no such file, nothing in it, or nothing that the pipeline reads.
    """
    if path.is_dir():
        raise usage_error(f"{path} is a folder: name a .csv, .jsonl or .parquet file in it")
    if not path.is_file():
        raise usage_error(f"there is no file {path}", "mend the path")
    try:
        columns = _columns(path)
    except OSError as error:
        raise usage_error(
            f"{path} cannot be read: {error.strerror}", "mend its permissions"
        ) from None
    except DatasetRejected as error:
        raise usage_error(f"{path}: {error}") from None
    if not columns:
        raise usage_error(f"{path} is empty", "name a file with data")
    holds_records = any(form <= set(columns) for form in _RECORD_FORMS)
    return DataFile(path=path, columns=columns, holds_records=holds_records)


def template_of(
    data: DataFile,
    *,
    target: str,
    inputs: Sequence[str],
    system: str | None,
    group_by: str | None,
) -> Template:
    """Return the template that asks for one column, given others.

    Args:
        data: The file.
        target: Column that holds the answers.
        inputs: Columns of the question; none means all others.
        system: System prompt of every record.
        group_by: Column whose equal values stay on one side of the split.

    Raises:
        CommandError: The file has no such column, or none is left to ask with.
    """
    for column in filter(None, (target, *inputs, group_by)):
        _check_column(data, column)
    asked = tuple(inputs) or tuple(
        column for column in data.columns if column not in {target, group_by}
    )
    if target in asked:
        raise usage_error(f"{target!r} cannot be both --target and --input: it is the answer")
    if not asked:
        raise usage_error(f"{data.path} has no column beside {target!r}: there is nothing to ask")
    for column in (target, *asked):
        if _BRACES & set(column):
            raise usage_error(
                f"the column {column!r} of {data.path} has a brace in its name, which a template "
                "cannot hold: rename the column"
            )
    lines = [f"{{{asked[0]}}}"] if len(asked) == 1 else [f"{name}: {{{name}}}" for name in asked]
    return Template(
        prompt="\n".join(lines), completion=f"{{{target}}}", system=system, group_by=group_by
    )


def safe_name(name: str) -> str:
    """Return a file's name as a segment of an S3 key that every part of Bedrock takes.

    Args:
        name: Of any alphabet. Accents go, what is no ASCII letter, digit or underscore becomes a
            hyphen, and the suffix survives.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem, _, suffix = plain.rpartition(".")
    stem, suffix = (re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") for part in (stem, suffix))
    return f"{stem or 'data'}.{suffix}"[-_LONGEST_NAME:]


def _check_column(data: DataFile, column: str) -> None:
    if column not in data.columns:
        near = get_close_matches(column, data.columns, n=1)
        question = f": did you mean {near[0]!r}?" if near else ""
        raise usage_error(
            f"{data.path} has no column {column!r}{question}",
            f"columns: {', '.join(data.columns)}",
        )


def _columns(path: Path) -> tuple[str, ...]:
    def ignore(*_: object) -> None:
        """Repairs are the pipeline's to report."""

    kind, text = sniffing.opened(_chunks(path), nulls=True)
    if kind is Input.CSV:
        return CsvRows(lines(text), ignore).columns
    unreadable = None
    for row in json_rows.rows(lines(text), ignore):
        if isinstance(row, Row):
            return tuple(row.values)
        unreadable = unreadable or row.rule
    if unreadable:
        raise DatasetRejected(f"no line can be read ({unreadable.what}): {unreadable.fix}")
    return ()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
