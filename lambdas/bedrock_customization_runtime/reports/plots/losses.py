"""Losses of the training, of one job and of a sweep."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from bedrock_customization_runtime.reports.plots.drawing import (
    FIRST,
    GRID,
    MUTED,
    SECOND,
    canvas,
    drawn_once,
    svg,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bedrock_customization_runtime.manifest import CustomizationSection, SweepSection

_MOST_LABELLED_EPOCHS = 10
_WIDE = 8
"""Times by which losses differ at least where the axis is logarithmic."""


@drawn_once
def loss_curves(customization: CustomizationSection) -> str:
    """Draw training and validation loss over the steps, epochs marked; empty without any point."""
    training, validation = customization.training_curve, customization.validation_curve
    if not training and not validation:
        return ""
    with canvas(3.0) as figure:
        axes = figure.subplots()
        axes.grid(axis="y")
        axes.plot(
            [point.step for point in training],
            [point.loss for point in training],
            color=FIRST,
            linewidth=1.6,
            marker="" if len(training) > 1 else "o",
            label="Training",
        )
        if validation:
            axes.plot(
                [point.step for point in validation],
                [point.loss for point in validation],
                color=SECOND,
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
        return svg(figure, "loss", "Loss by training step", f"{first_to_last}.")


@drawn_once
def sweep_curves(sweep: SweepSection) -> str:
    """Draw the validation loss of each candidate over the steps; empty without any point.

    Where losses that exploded would flatten the others, the axis is logarithmic.
    """
    drawn = [one for one in sweep.candidates if one.validation_curve]
    if not drawn:
        return ""
    with canvas(3.2) as figure:
        axes = figure.subplots()
        axes.grid(axis="y")
        for one in sorted(drawn, key=lambda one: one.chosen):
            last = one.validation_curve[-1]
            axes.plot(
                [point.step for point in one.validation_curve],
                [point.loss for point in one.validation_curve],
                color=FIRST if one.chosen else SECOND,
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
        return svg(figure, "sweep", "Validation loss of each candidate", f"{description}.")


def _mark_epochs(axes: Axes, points: list[tuple[int, int]]) -> None:
    starts = [(step, epoch) for (_, before), (step, epoch) in pairwise(points) if epoch != before]
    if len(starts) >= _MOST_LABELLED_EPOCHS:
        return
    for step, epoch in starts:
        axes.axvline(step, color=GRID, linewidth=1, zorder=0)
        axes.annotate(
            f"epoch {epoch}",
            (step, 0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 4),
            textcoords="offset points",
            color=MUTED,
            fontsize=8,
        )
