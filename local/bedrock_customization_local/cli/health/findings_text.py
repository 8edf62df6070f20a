"""What was found, in words and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bedrock_customization_local.cli.health.findings import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bedrock_customization_local.cli.health.examination import Part

_MARKS = {
    Level.OK: ("✓", "green"),
    Level.WARNING: ("!", "yellow"),
    Level.ERROR: ("✗", "bold red"),
}
_NAME_WIDTH = 18


def print_part(console: Console, part: Part) -> None:
    """Print what was found in one place, each with what to do."""
    console.print(Text(part.title, style="bold"))
    table = Table.grid(padding=(0, 1))
    table.add_column(width=3, justify="right")
    table.add_column(width=_NAME_WIDTH, no_wrap=True)
    table.add_column(overflow="fold")
    for finding in part.findings:
        table.add_row(Text(*_MARKS[finding.level]), finding.check, Text(finding.message))
        if finding.advice:
            table.add_row("", "", Text(f"→ {finding.advice}", style="bold"))
    console.print(table)
    console.print()


def print_verdict(console: Console, parts: Sequence[Part]) -> None:
    """Print how many things stop a run, and how many are doubtful."""
    levels = [finding.level for part in parts for finding in part.findings]
    errors, warnings = levels.count(Level.ERROR), levels.count(Level.WARNING)
    told = f"{warnings} warning{'s' * (warnings != 1)}"
    if errors:
        things = "1 thing stops" if errors == 1 else f"{errors} things stop"
        console.print(Text.assemble(("✗ ", "bold red"), f"{things} a run; {told}"))
    else:
        console.print(Text.assemble(("✓ ", "bold green"), f"nothing stops a run; {told}"))


def document(parts: Sequence[Part]) -> dict[str, object]:
    """Return all of it, as `--format json` writes it."""
    return {
        "stops_a_run": any(
            finding.level is Level.ERROR for part in parts for finding in part.findings
        ),
        "findings": [
            {
                "place": part.title,
                "check": finding.check,
                "level": finding.level.value,
                "message": finding.message,
                "advice": finding.advice,
            }
            for part in parts
            for finding in part.findings
        ],
    }
