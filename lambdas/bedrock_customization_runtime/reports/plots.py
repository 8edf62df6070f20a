"""The report's plots as inline SVG: the same bytes for the same figures, in the page's colours.

Matplotlib draws with placeholder colours, which are then replaced by the page's CSS variables, so
that one drawing fits light, dark and paper. Labels are ours alone: no text of a manifest is drawn.
"""

from __future__ import annotations

import html
import re
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bedrock_customization_runtime.manifest import (
        CustomizationSection,
        MetricComparison,
        PreparationSection,
        SweepSection,
    )

_WIDTH = 7.4
_INK, _MUTED, _GRID, _FIRST, _SECOND, _PAPER = (f"#00000{digit}" for digit in range(1, 7))
_VARIABLES = {
    _INK: "var(--ink)",
    _MUTED: "var(--muted)",
    _GRID: "var(--grid)",
    _FIRST: "var(--first)",
    _SECOND: "var(--second)",
    _PAPER: "var(--paper)",
}
_STYLE = {
    "axes.edgecolor": _GRID,
    "axes.facecolor": "none",
    "axes.labelcolor": _MUTED,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.color": _GRID,
    "legend.frameon": False,
    "legend.labelcolor": _INK,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.color": _INK,
    "xtick.color": _GRID,
    "xtick.labelcolor": _MUTED,
    "ytick.color": _GRID,
    "ytick.labelcolor": _MUTED,
    "ytick.left": False,
}
_MOST_LABELLED_EPOCHS = 10
_WIDE = 8
"""Times by which losses differ at least where the axis is logarithmic."""


def loss_curves(customization: CustomizationSection) -> str:
    """Draw training and validation loss over the steps, epochs marked; empty without any point."""
    training, validation = customization.training_curve, customization.validation_curve
    if not training and not validation:
        return ""
    with style.context(["default", _STYLE]):
        figure = Figure(figsize=(_WIDTH, 3.0), layout="constrained")
        axes = figure.subplots()
        axes.grid(axis="y")
        axes.plot(
            [point.step for point in training],
            [point.loss for point in training],
            color=_FIRST,
            linewidth=1.6,
            marker="" if len(training) > 1 else "o",
            label="Training",
        )
        if validation:
            axes.plot(
                [point.step for point in validation],
                [point.loss for point in validation],
                color=_SECOND,
                linewidth=1.2,
                linestyle="--",
                marker="o",
                markersize=5,
                label="Validation",
            )
        _mark_epochs(axes, [(point.step, point.epoch) for point in training or validation])
        axes.set_xlabel("Training step")
        axes.set_ylabel("Loss (lower is better)")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.legend(loc="upper right", ncols=2)
        first_to_last = "; ".join(
            f"{name} loss from {curve[0].loss:.3f} to {curve[-1].loss:.3f}"
            for name, curve in (("training", training), ("validation", validation))
            if curve
        )
        return _svg(figure, "loss", "Loss by training step", f"{first_to_last}.")


def sweep_curves(sweep: SweepSection) -> str:
    """Draw the validation loss of each candidate over the steps; empty without any point.

    Where losses that exploded would flatten the others, the axis is logarithmic.
    """
    drawn = [one for one in sweep.candidates if one.validation_curve]
    if not drawn:
        return ""
    with style.context(["default", _STYLE]):
        figure = Figure(figsize=(_WIDTH, 3.2), layout="constrained")
        axes = figure.subplots()
        axes.grid(axis="y")
        for one in sorted(drawn, key=lambda one: one.chosen):
            last = one.validation_curve[-1]
            axes.plot(
                [point.step for point in one.validation_curve],
                [point.loss for point in one.validation_curve],
                color=_FIRST if one.chosen else _SECOND,
                linewidth=2.2 if one.chosen else 1.0,
                linestyle="-" if one.chosen else "--",
                marker="o",
                markersize=4 if one.chosen else 3,
            )
            axes.annotate(
                str(one.number),
                (last.step, last.loss),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                fontweight="bold" if one.chosen else "normal",
            )
        losses = [point.loss for one in drawn for point in one.validation_curve]
        if min(losses) > 0 and max(losses) > _WIDE * min(losses):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        else:
            axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel("Training step")
        axes.set_ylabel("Validation loss (lower is better)")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        description = "; ".join(
            f"candidate {one.number}{' (kept)' if one.chosen else ''} from "
            f"{one.validation_curve[0].loss:.3f} to {one.validation_curve[-1].loss:.3f}"
            for one in drawn
        )
        return _svg(figure, "sweep", "Validation loss of each candidate", f"{description}.")


def comparison(metric: MetricComparison, minimum_improvement: float | None) -> str:
    """Draw both models' scores, and below the difference with its interval against the gate.

    Args:
        metric: What is drawn.
        minimum_improvement: The gate, or None while nothing is decided.
    """
    with style.context(["default", _STYLE]):
        figure = Figure(figsize=(_WIDTH, 3.0), layout=ConstrainedLayoutEngine(h_pad=0.1))
        scores, difference = figure.subplots(2, 1, height_ratios=[5, 4])
        _draw_scores(scores, metric)
        _draw_difference(difference, metric, minimum_improvement)
        description = (
            f"Base model {wording.percent(metric.baseline)}, tuned model "
            f"{wording.percent(metric.tuned)}. {wording.figures(metric)}"
        )
        if minimum_improvement is not None:
            description += f" The gate is at {wording.points(minimum_improvement)} points."
        return _svg(figure, "comparison", "Base model against tuned model", description)


def record_fates(preparation: PreparationSection) -> str:
    """Draw how many records went where."""
    fates = wording.fates(preparation)
    with style.context(["default", _STYLE]):
        figure = Figure(figsize=(_WIDTH, 1.9), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh(
            [fate.title for fate in fates],
            [fate.records for fate in fates],
            height=0.62,
            color=[_FIRST if fate.kept else _MUTED for fate in fates],
        )
        axes.bar_label(bars, [wording.count(fate.records) for fate in fates], padding=5)
        axes.invert_yaxis()
        axes.tick_params(axis="y", labelcolor=_INK)
        axes.set_xlim(0, max(1, *(fate.records for fate in fates)) * 1.12)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        description = ", ".join(f"{fate.title.lower()} {fate.records:,}" for fate in fates)
        return _svg(figure, "fates", "Records by what became of them", f"{description}.")


def _mark_epochs(axes: Axes, points: list[tuple[int, int]]) -> None:
    starts = [(step, epoch) for (_, before), (step, epoch) in pairwise(points) if epoch != before]
    if len(starts) >= _MOST_LABELLED_EPOCHS:
        return
    for step, epoch in starts:
        axes.axvline(step, color=_GRID, linewidth=1, zorder=0)
        axes.annotate(
            f"epoch {epoch}",
            (step, 0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 4),
            textcoords="offset points",
            color=_MUTED,
            fontsize=8,
        )


def _draw_scores(axes: Axes, metric: MetricComparison) -> None:
    scores = [metric.tuned, metric.baseline]
    bars = axes.barh(
        ["Tuned model", "Base model"],
        [100 * score for score in scores],
        height=0.5,
        color=[_FIRST, _SECOND],
    )
    axes.bar_label(bars, [wording.percent(score) for score in scores], padding=6, fontweight="bold")
    axes.invert_yaxis()
    axes.set_xlim(0, 112)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} %"))
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", labelcolor=_INK)


def _draw_difference(
    axes: Axes, metric: MetricComparison, minimum_improvement: float | None
) -> None:
    middle = 100 * metric.difference
    lower, upper = (100 * end for end in metric.interval)
    axes.plot([lower, upper], [0, 0], color=_FIRST, linewidth=5, solid_capstyle="round")
    axes.plot([middle], [0], "o", color=_PAPER, markeredgecolor=_FIRST, markersize=10, mew=2.5)
    axes.axvline(0, color=_MUTED, linewidth=1, zorder=0)
    marks = [0.0, lower, upper, middle]
    if minimum_improvement is not None:
        gate = 100 * minimum_improvement
        marks.append(gate)
        axes.axvline(gate, color=_INK, linewidth=1.5, linestyle=(0, (4, 2)), zorder=0)
        axes.annotate(
            f"gate {wording.points(minimum_improvement)}",
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
    axes.tick_params(axis="y", labelcolor=_INK)
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: wording.points(value / 100).removesuffix(".0"))
    )
    axes.set_xlabel("percentage points, with 95 % interval")


def _svg(figure: Figure, name: str, title: str, description: str) -> str:
    drawn = StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):  # ids that differ between the plots of a page
        figure.savefig(
            drawn,
            format="svg",
            metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
        )
    text = drawn.getvalue()
    text = text[text.index("<svg") :]
    # A style that would reach the whole page, and group ids that every plot repeats.
    text = re.sub(r"<style type=\"text/css\">.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r"<g id=\"[a-z]+[a-z0-9.]*_\d+\">", "<g>", text)
    for placeholder, variable in _VARIABLES.items():
        text = text.replace(placeholder, variable)
    # The page's font: matplotlib's is only what it measured with.
    text = re.sub(r" font-family: [^;\"]*;?", "", text)
    text = re.sub(r" (width|height)=\"[\d.]+pt\"", "", text)
    opening = (
        f'<svg role="img" aria-labelledby="{name}-title {name}-description" '
        f'class="plot" stroke-linejoin="round"'
    )
    head, rest = text.removeprefix("<svg").split(">", 1)
    return (
        f"{opening}{head}>"
        f'<title id="{name}-title">{html.escape(title)}</title>'
        f'<desc id="{name}-description">{html.escape(description)}</desc>{rest}'
    )
