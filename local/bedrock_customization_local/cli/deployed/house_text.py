"""A pipeline's house in words and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Column, Table

from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bedrock_customization_local.cli.deployed.houses import House
    from bedrock_customization_runtime.housekeeping.findings import Finding


def print_house(console: Console, house: House) -> None:
    """Print what runs, what bills, what is left, and what stayed of a destroyed stack."""
    gone = f", destroyed {wording.moment(house.destroyed)}" if house.destroyed else ""
    console.print(f"{house.pipeline} of the stack {house.stack}{gone}", markup=False)
    for one in house.running:
        console.print(f"  {one.run} runs since {wording.moment(one.since)}", markup=False)
    if house.possessions:
        table = Table(_whole("What"), "Since", "Run", "Use", "A month", "An hour")
        for thing in house.possessions:
            table.add_row(
                f"{thing.kind}\n{_within_account(thing.resource)}",
                wording.moment(thing.since),
                thing.run or "",
                thing.use,
                _usd(thing.usd_per_month),
                _usd(thing.usd_per_hour),
            )
        console.print(table)
    unknown = any(None in (one.usd_per_hour, one.usd_per_month) for one in house.possessions)
    console.print(
        f"Bills ${house.usd_per_hour:,.2f} an hour and ${house.usd_per_month:,.2f} a month, by the "
        "catalogue's prices" + (", and what has no known price" if unknown else ""),
        markup=False,
    )
    print_findings(console, house.findings)
    _print_unseen(console, house)
    print_retained(console, house)


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print what is left; a line where nothing is."""
    if not findings:
        console.print("Nothing is left over")
        return
    table = Table(_whole("Left over"), "Since", "Why", "An hour")
    for finding in findings:
        table.add_row(
            f"{finding.kind}\n{_within_account(finding.resource)}",
            wording.moment(finding.since),
            finding.reason,
            _usd(finding.usd_per_hour),
        )
    console.print(table)


def print_outcome(console: Console, finding: Finding) -> None:
    """Print what became of a finding."""
    error = f" ({finding.error}); run cleanup again" if finding.error else ""
    console.print(f"{finding.outcome}  {finding.resource}{error}", markup=False, soft_wrap=True)


def print_retained(console: Console, house: House) -> None:
    """Print what stayed when the stack was destroyed."""
    if not house.retained:
        return
    table = Table(_whole("Retained when the stack was destroyed"), "Type")
    for one in house.retained:
        table.add_row(one.name, one.type)
    console.print(table)


def _print_unseen(console: Console, house: House) -> None:
    for what in house.unseen:
        console.print(f"Could not be looked at: {what}", markup=False)


def _whole(header: str) -> Column:
    """Return a column that shows all of what people agree to."""
    return Column(header, overflow="fold")


def _within_account(resource: str) -> str:
    """Return what tells a resource apart from all others of its account and Region."""
    return resource.split(":", 5)[-1] if resource.startswith("arn:") else resource


def _usd(amount: float | None) -> str:
    if amount is None:
        return "unknown"
    return f"${amount:,.2f}" if amount else ""
