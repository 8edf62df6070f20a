"""The table of broken rules, as wide as the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

_PLACES_SHOWN = 3
_WIDE = 100
_STYLES = {"error": "red", "warning": "yellow"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingRow:
    """A rule that records broke."""

    rule: str
    severity: Literal["error", "warning"]
    count: int
    places: tuple[str, ...]
    """The first lines; empty for a rule of the whole data set."""
    what: str
    fix: str


def findings_table(rows: Sequence[FindingRow], width: int) -> RenderableType:
    """Return the rows as a table; where it would be cramped, one below the other."""
    names_files = any(":" in place for row in rows for place in row.places)
    return _list(rows) if width < _WIDE or names_files else _table(rows)


def _table(rows: Sequence[FindingRow]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("rule", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    table.add_column("records", justify="right", no_wrap=True)
    table.add_column("first lines")
    table.add_column("what, and how to mend it", ratio=1)
    for row in rows:
        table.add_row(
            row.rule,
            Text(row.severity, style=_STYLES[row.severity]),
            f"{row.count:,}" if row.places else "",
            _places(row),
            _told(row),
        )
    return table


def _list(rows: Sequence[FindingRow]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for row in rows:
        where = ""
        if row.places:
            noun = "record" if row.count == 1 else "records"
            where = f"  {row.count:,} {noun}, first: {_places(row)}"
        table.add_row(
            Text(row.severity, style=_STYLES[row.severity]),
            Text.assemble((row.rule, "bold"), where, "\n", _told(row)),
        )
    return table


def _told(row: FindingRow) -> Text:
    return Text.assemble(row.what, (f"; {row.fix}", "dim"))


def _places(row: FindingRow) -> str:
    shown = ", ".join(row.places[:_PLACES_SHOWN])
    return f"{shown}, …" if row.count > _PLACES_SHOWN and shown else shown
