"""The report's plots as inline SVG: the same bytes for the same figures, in the page's colours.

Labels are ours alone: no text of a manifest is drawn.
"""

from bedrock_customization_runtime.reports.plots.losses import loss_curves, sweep_curves
from bedrock_customization_runtime.reports.plots.records import record_fates
from bedrock_customization_runtime.reports.plots.scores import comparison

__all__ = ["comparison", "loss_curves", "record_fates", "sweep_curves"]
