"""Templates that make a record of a row: `{column}` stands for a column's value, and nothing else.

No attribute access, no format specifications, no code: a template comes from configuration and the
values come from strangers. `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.problems import RecordRejectedError
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from bedrock_customization_runtime.contract import RecordTemplate

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|[{}]")
_NAMES_SHOWN = 20
_NAME_CHARACTERS = 60
_SLICE_CHARACTERS = 100


class Filled(msgspec.Struct, frozen=True):
    """A template filled with one row."""

    system: str | None
    prompt: str
    completion: str
    group: str | None
    stratum: str | None
    slices: dict[str, str]


class Template:
    """A checked template.

    Args:
        source: As configured.
        may_lack_completion: Whether a row may have none, because somebody else will write it.

    Raises:
        InvalidInput: A brace stands alone, or a text that must differ between records names no
            column.
    """

    def __init__(self, source: RecordTemplate, *, may_lack_completion: bool = False) -> None:
        self._may_lack_completion = may_lack_completion
        self._prompt = _Pattern("prompt", source["prompt"], needs_column=True)
        self._completion = _Pattern("completion", source["completion"], needs_column=True)
        system = source.get("system")
        self._system = None if system is None else _Pattern("system", system, needs_column=False)
        self._group_by = source.get("group_by")
        self._columns = [
            (pattern.field, column)
            for pattern in (self._prompt, self._completion, self._system)
            if pattern is not None
            for column in pattern.columns
        ]
        self._stratify_by = source.get("stratify_by")
        for field, column in (("group_by", self._group_by), ("stratify_by", self._stratify_by)):
            if column:
                self._columns.append((field, column))
        self._slice_by = source.get("slice_by") or ()
        self._columns += [("slice_by", column) for column in self._slice_by]

    def fill(self, row: Mapping[str, object], note: Callable[[rules.Rule], None]) -> Filled:
        """Return the texts for a row.

        Args:
            row: Values by column.
            note: Is told of empty columns.

        Raises:
            RecordRejectedError: A column is missing or no text, or a turn would hold no data.
        """
        return Filled(
            None if self._system is None else self._system.fill(row, note),
            self._prompt.fill(row, note),
            self._completion.fill(row, note, may_be_empty=self._may_lack_completion),
            (_text(row, self._group_by).strip() or None) if self._group_by else None,
            _text(row, self._stratify_by).strip() if self._stratify_by else None,
            {column: _shortened(_text(row, column)) for column in self._slice_by},
        )

    def check_columns(self, columns: Collection[str]) -> None:
        """Check that a file has every column the template names.

        Raises:
            DatasetRejected: It has not; the message names the column, the file's, the nearest.
        """
        for field, name in self._columns:
            if name not in columns:
                raise DatasetRejected(_unknown_column(field, name, columns))


def named(columns: Collection[str]) -> str:
    """Return the first columns' names for a message."""
    found = list(columns)
    shown = ", ".join(repr(name[:_NAME_CHARACTERS]) for name in found[:_NAMES_SHOWN]) or "none"
    more = len(found) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


class _Pattern:
    """A text with placeholders."""

    def __init__(self, field: str, text: str, *, needs_column: bool) -> None:
        self.field = field
        literals = [""]
        columns: list[str] = []
        end = 0
        for token in _TOKEN.finditer(text):
            literals[-1] += text[end : token.start()]
            end = token.end()
            if token[1] is not None:
                columns.append(token[1])
                literals.append("")
            elif token[0] in {"{{", "}}"}:
                literals[-1] += token[0][0]
            else:
                raise InvalidInput(
                    f"template.{field} has a lone {token[0]!r} at character {token.start() + 1}: "
                    f"write {{column}} for a column and {token[0] * 2} for the brace itself"
                )
        literals[-1] += text[end:]
        if needs_column and not columns:
            raise InvalidInput(
                f"template.{field} names no column, so every record would have the same {field}: "
                "write {column} where a column's value belongs"
            )
        self.columns = tuple(columns)
        self._literals = tuple(literals)

    def fill(
        self,
        row: Mapping[str, object],
        note: Callable[[rules.Rule], None],
        *,
        may_be_empty: bool = False,
    ) -> str:
        values = [_text(row, name) for name in self.columns]
        empty = sum(not value or value.isspace() for value in values)
        if empty:
            if empty == len(values):
                if may_be_empty:
                    return ""
                raise RecordRejectedError(rules.EMPTY_TURN, self.field)
            note(rules.COLUMN_EMPTY)
        parts = [self._literals[0]]
        for value, literal in zip(values, self._literals[1:], strict=True):
            parts += (value, literal)
        return "".join(parts)


def _text(row: Mapping[str, object], column: str) -> str:
    value = row.get(column, row)
    if isinstance(value, str):
        return value
    if value is row:
        raise RecordRejectedError(rules.COLUMN_MISSING, column)
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return msgspec.json.encode(value).decode()
    raise RecordRejectedError(rules.COLUMN_NOT_TEXT, column)


def _shortened(value: str) -> str:
    return " ".join(value.split())[:_SLICE_CHARACTERS]


def _unknown_column(field: str, name: str, columns: Collection[str]) -> str:
    folded = {column.casefold(): column for column in sorted(columns)}
    nearest = get_close_matches(name.casefold(), folded, n=1)
    hint = f"did you mean {folded[nearest[0]]!r}?" if nearest else "name one of these"
    return f"template.{field} names the column {name!r}, but the data have {named(columns)}: {hint}"
