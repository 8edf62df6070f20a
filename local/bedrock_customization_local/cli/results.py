"""What a run came to, drawn from its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bedrock_customization_local.cli.progress import metric_title

if TYPE_CHECKING:
    from rich.console import RenderableType

    from bedrock_customization_runtime.manifest import (
        DecisionSection,
        EvaluationSection,
        Manifest,
    )

_SMALLEST_SHOWN = 0.001


def outcome(manifest: Manifest) -> RenderableType:
    """Return base against tuned, and the decision with its reasons."""
    parts: list[RenderableType] = []
    if manifest.evaluation:
        parts += [Text("Base against tuned on the blind set", style="bold")]
        parts += [comparison(manifest.evaluation), Text()]
    if manifest.decision:
        parts.append(_decision(manifest.decision))
    return Group(*parts)


def comparison(evaluation: EvaluationSection) -> Table:
    """Return a table with a row for each metric, the primary one first."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("  metric")
    for title in ("base", "tuned", "difference", "95 % interval", "p", "records"):
        table.add_column(title, justify="right", no_wrap=True)
    ordered = sorted(evaluation.metrics, key=lambda metric: metric.name != evaluation.primary)
    for metric in ordered:
        low, high = metric.interval
        table.add_row(
            "  " + metric_title(metric.name),
            f"{metric.base:.3f}",
            f"{metric.tuned:.3f}",
            Text(f"{metric.difference:+.3f}", style=_verdict(low, high)),
            f"{low:+.3f} to {high:+.3f}",
            p_value(metric.p_value),
            f"{metric.records:,}",
        )
    return table


def p_value(value: float) -> str:
    """Return a p-value as papers write it."""
    return f"< {_SMALLEST_SHOWN}" if value < _SMALLEST_SHOWN else f"{value:.3f}"


def _verdict(low: float, high: float) -> str:
    if low > 0:
        return "green"
    return "red" if high < 0 else "yellow"


def _decision(decision: DecisionSection) -> RenderableType:
    promoted = Text("promoted", style="bold green")
    kept = Text("not promoted", style="bold yellow")
    title = Text.assemble(("Decision: ", "bold"), promoted if decision.promote else kept)
    return Group(title, *(Text(f"  {reason}") for reason in decision.reasons))
