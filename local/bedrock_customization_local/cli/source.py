"""The user's data file as far as the command line must know it: its columns, and what to ask of them.

Whether the records can be used is not judged here: that is the pipeline's own work.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from bedrock_customization_local.cli.messages import usage_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_GZIP_MAGIC = b"\x1f\x8b"
_LONGEST_HEADER = 2**20
_LONGEST_NAME = 100
_RECORD_FORMS = ({"messages"}, {"prompt", "completion"})


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
    """Look at a file's beginning.

    Raises:
        CommandError: There is no such file, or nothing in it.
    """
    if path.is_dir():
        raise usage_error(f"{path} is a folder: name a .csv or .jsonl file in it")
    if not path.is_file():
        raise usage_error(f"there is no file {path}")
    try:
        first = _first_line(path)
    except (OSError, EOFError) as error:
        raise usage_error(f"{path} cannot be read: {error}") from None
    except UnicodeDecodeError:
        raise usage_error(f"{path} is not UTF-8 text: convert it to UTF-8") from None
    if not first:
        raise usage_error(f"{path} is empty")
    if first.lstrip().startswith(("{", "[")):
        columns = _keys(path, first)
        holds_records = any(form <= set(columns) for form in _RECORD_FORMS)
        return DataFile(path=path, columns=columns, holds_records=holds_records)
    columns = tuple(name.strip() for name in next(csv.reader([first])))
    return DataFile(path=path, columns=columns, holds_records=False)


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
    lines = [f"{{{asked[0]}}}"] if len(asked) == 1 else [f"{name}: {{{name}}}" for name in asked]
    return Template(
        prompt="\n".join(lines), completion=f"{{{target}}}", system=system, group_by=group_by
    )


def require_target(data: DataFile) -> None:
    """Refuse a file of rows for which nobody said what to ask.

    Raises:
        CommandError: It is one.
    """
    if not data.holds_records:
        raise usage_error(
            f"{data.path} holds columns, so --target must say which one holds the answers",
            f"columns: {', '.join(data.columns)}",
        )


def safe_name(name: str) -> str:
    """Return a file's name as a segment of an S3 key that every part of Bedrock takes.

    Args:
        name: Of any alphabet. Accents go, what is no ASCII letter, digit, dot, hyphen or
            underscore becomes a hyphen, and the suffixes survive a cut.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem, dot, suffixes = plain.partition(".")
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", stem).strip("-") or "data"
    suffixes = re.sub(r"[^A-Za-z0-9_.]+", "-", suffixes).strip("-.")
    ending = f"{dot}{re.sub(r'[.]{2,}', '.', suffixes)}" if suffixes else ""
    ending = ending[-_LONGEST_NAME // 2 :]
    return stem[: _LONGEST_NAME - len(ending)] + ending


def _check_column(data: DataFile, column: str) -> None:
    if column in data.columns:
        return
    near = get_close_matches(column, data.columns, n=1)
    question = f": did you mean {near[0]!r}?" if near else ""
    raise usage_error(
        f"{data.path} has no column {column!r}{question}", f"columns: {', '.join(data.columns)}"
    )


def _first_line(path: Path) -> str:
    """Return the first line that is not blank, the quoted line ends of a CSV header included."""
    with path.open("rb") as file:
        packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    with (gzip.open if packed else open)(path, "rt", encoding="utf-8-sig", newline="") as text:
        beginning = text.read(_LONGEST_HEADER)
    return next((line for line in _logical_lines(beginning) if line.strip()), "")


def _logical_lines(text: str) -> Iterator[str]:
    held = ""
    for line in text.splitlines(keepends=True):
        held += line
        if held.lstrip().startswith(("{", "[")) or held.count('"') % 2 == 0:
            yield held.strip("\r\n")
            held = ""
    yield held


def _keys(path: Path, line: str) -> tuple[str, ...]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise usage_error(
            f"the first line of {path} is not a JSON object: JSONL has one record on each line"
        )
    return tuple(record)
