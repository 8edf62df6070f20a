"""What `prepare` made, for people: the sides, what was left out, what it will cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bedrock_customization_local.cli.data.findings_table import FindingRow, findings_table
from bedrock_customization_local.cli.data.skipped_files import print_skipped

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from bedrock_customization_local.cli.data.files import Found
    from bedrock_customization_runtime.datasets.report import PreparedCounts, Report
    from bedrock_customization_runtime.datasets.training_cost import TrainingCost

_CENT = 0.01


def print_preparation(console: Console, report: Report, found: Found, folder: Path) -> None:
    """Print what became of the data.

    Args:
        console: Where to.
        report: What the engine says.
        found: What was read.
        folder: Where the files are.
    """
    print_skipped(console, found)
    rows = [
        FindingRow(
            rule=each.rule,
            severity=each.severity,
            count=each.count,
            places=tuple(map(str, each.lines))
            if not each.files
            else tuple(f"{file}:{line}" for file, line in zip(each.files, each.lines, strict=True)),
            what=f"{each.what} ({each.detail})" if each.detail else each.what,
            fix=each.fix,
        )
        for each in report.findings
    ]
    if rows:
        console.print(findings_table(rows, console.width))
        console.print()
    if report.prepared is not None:
        _print_sides(console, report, report.prepared)
    if report.refusal is not None:
        console.print(Text.assemble(("refused: ", "bold red"), report.refusal))
        console.print()
        console.print(Text.assemble(("✗ ", "bold red"), f"nothing to train with; report: {folder}"))
        return
    console.print()
    console.print(
        Text.assemble(("✓ ", "bold green"), f"ready for {report.base_model}: {folder.as_posix()}")
    )


def cost_in_words(cost: TrainingCost) -> str:
    """Return tokens and price of a training, with what they are worth."""
    tokens = (
        f"about {cost.tokens:,} tokens in {cost.epochs} epoch{'' if cost.epochs == 1 else 's'} "
        f"(± {cost.token_error:.0%} for English prose)"
    )
    if cost.usd is None:
        return f"{tokens}; the price is not known"
    doubt = ", which no document states" if cost.unverified else ""
    return f"{tokens}, {usd(cost.usd)} by the price of {cost.as_of}{doubt}"


def usd(amount: float) -> str:
    """Return an amount of money to the cent."""
    return f"USD {amount:,.2f}" if amount >= _CENT else f"under USD {_CENT}"


def _print_sides(console: Console, report: Report, prepared: PreparedCounts) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("records")
    table.add_column("number", justify="right")
    table.add_column("share", justify="right")
    table.add_column("what for")
    for title, number, purpose in (
        ("training", prepared.train, "the model learns from them"),
        ("validation", prepared.validation, "show whether it learns or memorizes"),
        ("blind set", prepared.test, "prove it better; never trained on"),
        ("exact copies", prepared.duplicates, "dropped"),
        ("left out", prepared.left_out, "they quote the blind set"),
        ("rejected", report.rejected, "they break a rule"),
        *([("omitted", report.omitted, "logs that are no training data")] * bool(report.omitted)),
    ):
        table.add_row(title, f"{number:,}", f"{number / max(1, report.read):.1%}", purpose)
    console.print(table)
    console.print()
    leaks = prepared.plain_split_leaks
    plain = f"{leaks:,} of the blind records" if leaks else "none either"
    effect = f"{prepared.minimum_detectable_effect:.1%}"
    for title, told in (
        ("Leaks", f"none; a plain random split would have leaked {plain} into training"),
        ("Power", f"the blind set shows differences of accuracy from {effect} on"),
        ("Training", cost_in_words(prepared.cost) if prepared.cost else "cost not known"),
    ):
        console.print(Text.assemble((f"{title}: ", "bold"), told))
