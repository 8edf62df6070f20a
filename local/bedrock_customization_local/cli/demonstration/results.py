"""What a run came to, for people; the figures and words are those of its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_runtime.contract import BASE
from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from bedrock_customization_local.cloud.bedrock.meter import LineItem
    from bedrock_customization_runtime.manifest import (
        DecisionSection,
        EvaluationSection,
        Manifest,
        MetricComparison,
    )

_INDENT = (0, 0, 0, 2)
_TABLE_WIDTH = 78


def print_outcome(console: Console, manifest: Manifest, alias_value: str) -> None:
    """Print base against candidate, the decision with its reasons, and what consumers invoke now.

    Args:
        console: Where to print.
        manifest: Of a run that came to a decision.
        alias_value: What the alias holds.
    """
    if manifest.customization and manifest.customization.training_curve:
        first, *_, last = [*manifest.customization.training_curve] * 2
        console.print()
        console.print(
            Text.assemble(
                ("Training loss ", "bold"),
                f"{first.loss:.3f} → {last.loss:.3f} in {last.step + 1:,} steps",
            )
        )
    if manifest.evaluation:
        _title(console, "Base against candidate, on the blind set")
        told = comparison if console.width >= _TABLE_WIDTH else _comparison_in_words
        console.print(Padding(told(manifest.evaluation), _INDENT, expand=False))
    if manifest.decision:
        _print_decision(console, manifest.decision)
    if manifest.deployment and manifest.deployment.alias_parameter:
        _title(console, "Alias")
        console.print(
            Text(
                f"  SSM parameter {manifest.deployment.alias_parameter} now holds\n  {alias_value}"
            ),
            soft_wrap=True,
        )


def print_bill(console: Console, lines: Sequence[LineItem]) -> None:
    """Print what Bedrock would have billed.

    Args:
        console: Where to print.
        lines: Of the embedded Bedrock's meter.
    """
    usd, complete = _sum(lines)
    _title(console, f"Bedrock would have billed USD {usd:.4f}" + ("" if complete else " and more"))
    console.print(Padding(bill(lines), _INDENT, expand=False))


def print_report(console: Console, report: Path | None) -> None:
    """Print what the figures are worth, and where the report lies."""
    console.print()
    console.print(Text(wording.EMBEDDED_NOTICE, style="yellow"))
    if report:
        card = report.with_name("model-card.md")
        files = {"Report": report, "Manifest": report.with_name("manifest.json")}
        print_files(console, files | ({"Model card": card} if card.is_file() else {}))


def print_files(console: Console, files: Mapping[str, Path]) -> None:
    """Print where files lie, by what they are."""
    console.print()
    for title, file in files.items():
        # The address itself is printed, so that any terminal lets it be clicked or copied.
        address = file.absolute().as_uri()
        console.print(
            Text.assemble((f"{title:<12}", "bold"), (address, f"link {address}")), soft_wrap=True
        )


def comparison(evaluation: EvaluationSection) -> Table:
    """Return a table with a row for each metric, the primary one first."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("metric")
    for title in ("base", "candidate", "difference", "95 % interval", "p-value", "records"):
        table.add_column(title, justify="right", no_wrap=True)
    for metric in _ordered(evaluation):
        low, high = metric.interval
        table.add_row(
            wording.title_of(metric.name),
            wording.percent(metric.other),
            wording.percent(metric.candidate),
            Text(wording.points(metric.difference), style=_style(metric)),
            f"{wording.points(low)} to {wording.points(high)}",
            wording.p_value(metric.p_value).removeprefix("p ").removeprefix("= "),
            wording.count(metric.records),
        )
    return table


def _comparison_in_words(evaluation: EvaluationSection) -> Text:
    return Text("\n").join(
        Text(
            f"{wording.title_of(metric.name)}: base {wording.percent(metric.other)}, "
            f"candidate {wording.percent(metric.candidate)}. {wording.figures(metric)}",
            style=_style(metric),
        )
        for metric in _ordered(evaluation)
    )


def _ordered(evaluation: EvaluationSection) -> list[MetricComparison]:
    # The other models stand in the report.
    against_base = [each for each in evaluation.metrics if each.against == BASE]
    return sorted(against_base, key=lambda each: each.name != evaluation.primary)


def bill(lines: Sequence[LineItem]) -> Table:
    """Return a table of charges by unit."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    for unit in Unit:
        charges = [line for line in lines if line.unit is unit]
        if charges:
            quantity = sum(line.quantity for line in charges)
            usd, complete = _sum(charges)
            table.add_row(
                f"{quantity:,.0f}" if quantity >= 1 else f"{quantity:.3f}",
                unit,
                f"USD {usd:.4f}" if complete else "price not known",
            )
    return table


def _sum(lines: Sequence[LineItem]) -> tuple[float, bool]:
    """Return the known prices' sum, and whether all are known."""
    known = [line.usd for line in lines if line.usd is not None]
    return sum(known), len(known) == len(lines)


def _print_decision(console: Console, decision: DecisionSection) -> None:
    promoted = ("promoted", "bold green")
    kept = ("not promoted", "bold yellow")
    console.print()
    console.print(Text.assemble(("Decision: ", "bold"), promoted if decision.promote else kept))
    for reason in decision.reasons:
        console.print(Padding(Text(reason), _INDENT, expand=False))


def _title(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def _style(metric: MetricComparison) -> str:
    low, high = metric.interval
    if low > 0:
        return "green"
    return "red" if high < 0 else "yellow"
