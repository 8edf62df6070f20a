"""What the models scored, and how far the tuned one is ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter

from bedrock_customization_runtime.reports import wording
from bedrock_customization_runtime.reports.plots.drawing import (
    FIRST,
    INK,
    MUTED,
    PAPER,
    SECOND,
    canvas,
    svg,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from bedrock_customization_runtime.manifest import MetricComparison
    from bedrock_customization_runtime.reports.models import ModelScore


def comparison(
    scores: Sequence[ModelScore], metric: MetricComparison, min_improvement: float | None
) -> str:
    """Draw the models' scores, and below the difference with its interval against the gate.

    Args:
        scores: Of all models that answered, the tuned one first.
        metric: The tuned model against the base model.
        min_improvement: The gate, or None while nothing is decided.
    """
    heights = [1 + 0.42 * len(scores), 1.35]
    with canvas(sum(heights), ConstrainedLayoutEngine(h_pad=0.1)) as figure:
        above, below = figure.subplots(2, 1, height_ratios=heights)
        _draw_scores(above, scores)
        _draw_difference(below, metric, min_improvement)
        told = ", ".join(f"{score.title} {wording.percent(score.value)}" for score in scores)
        description = f"{told}. {wording.figures(metric)}"
        if min_improvement is not None:
            description += f" The gate is at {wording.points(min_improvement)} points."
        return svg(figure, "comparison", "The models' scores", description)


def _draw_scores(axes: Axes, scores: Sequence[ModelScore]) -> None:
    # Names of models are a closed set; those of another version are drawn by number.
    titles = [
        score.title if score.known else f"Model {number}"
        for number, score in enumerate(scores, start=1)
    ]
    bars = axes.barh(
        titles,
        [100 * score.value for score in scores],
        height=0.55,
        color=[{"tuned": FIRST, "base": SECOND}.get(score.name, MUTED) for score in scores],
    )
    labels = [wording.percent(score.value) for score in scores]
    axes.bar_label(bars, labels, padding=6, fontweight="bold")
    axes.invert_yaxis()
    axes.set_xlim(0, 112)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} %"))
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", labelcolor=INK)


def _draw_difference(
    axes: Axes, metric: MetricComparison, min_improvement: float | None
) -> None:
    middle = 100 * metric.difference
    lower, upper = (100 * end for end in metric.interval)
    axes.plot([lower, upper], [0, 0], color=FIRST, linewidth=5, solid_capstyle="round")
    axes.plot([middle], [0], "o", color=PAPER, markeredgecolor=FIRST, markersize=10, mew=2.5)
    axes.axvline(0, color=MUTED, linewidth=1, zorder=0)
    marks = [0.0, lower, upper, middle]
    if min_improvement is not None:
        gate = 100 * min_improvement
        marks.append(gate)
        axes.axvline(gate, color=INK, linewidth=1.5, linestyle=(0, (4, 2)), zorder=0)
        axes.annotate(
            f"gate {wording.points(min_improvement)}",
            (gate, 1),
            xycoords=("data", "axes fraction"),
            xytext=(5, -2),
            textcoords="offset points",
            va="top",
            fontsize=9,
        )
    room = max(4.0, 0.15 * (max(marks) - min(marks)))
    axes.set_xlim(min(marks) - room, max(marks) + room)
    axes.set_ylim(-1, 1.6)
    axes.set_yticks([0], ["Difference"])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: wording.points(value / 100).removesuffix(".0"))
    )
    axes.set_xlabel("percentage points, with 95 % interval")
