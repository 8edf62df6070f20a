"""What became of the records of a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.reports import wording
from bedrock_customization_runtime.reports.plots.drawing import (
    FIRST,
    INK,
    MUTED,
    canvas,
    drawn_once,
    svg,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_runtime.reports.wording import Fate


@drawn_once
def record_fates(fates: Sequence[Fate]) -> str:
    """Draw how many records went where."""
    with canvas(1.9) as figure:
        axes = figure.subplots()
        bars = axes.barh(
            [fate.title for fate in fates],
            [fate.records for fate in fates],
            height=0.62,
            color=[FIRST if fate.kept else MUTED for fate in fates],
        )
        axes.bar_label(bars, [wording.count(fate.records) for fate in fates], padding=5)
        axes.invert_yaxis()
        axes.tick_params(axis="y", labelcolor=INK)
        axes.set_xlim(0, max(1, *(fate.records for fate in fates)) * 1.12)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        description = ", ".join(f"{fate.title.lower()} {fate.records:,}" for fate in fates)
        return svg(figure, "fates", "Records by what became of them", f"{description}.")
