"""The report of a run as one HTML page: no script, no network, the same bytes for a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from bedrock_customization_runtime.reports import plots, wording
from bedrock_customization_runtime.reports.pages import template

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import FileRecord, Manifest

_MOST_LABELS = 20


def render(manifest: Manifest) -> str:
    """Return the page, whatever stage the run is at.

    Everything a manifest says is escaped: names, messages and labels come from the data's owners.
    """
    preparation, customization = manifest.preparation, manifest.customization
    evaluation, decision = manifest.evaluation, manifest.decision
    primary = wording.primary_of(evaluation) if evaluation else None
    return template("report.html.jinja").render(
        manifest=manifest,
        verdict=wording.verdict(manifest),
        needless=wording.is_tuning_needless(manifest),
        stages=wording.stages(manifest),
        embedded_notice=wording.EMBEDDED_NOTICE,
        primary=primary,
        files=_files(manifest),
        fates=wording.fates(preparation) if preparation else [],
        labels=_labels(preparation.label_counts) if preparation else [],
        # Our own drawings, in which every text is escaped already.
        comparison_plot=Markup(  # noqa: S704 - see above
            plots.comparison(primary, decision.minimum_improvement if decision else None)
            if primary
            else ""
        ),
        loss_plot=Markup(plots.loss_curves(customization) if customization else ""),  # noqa: S704 - see above
        sweep_plot=Markup(plots.sweep_curves(manifest.sweep) if manifest.sweep else ""),  # noqa: S704 - see above
        fates_plot=Markup(plots.record_fates(preparation) if preparation else ""),  # noqa: S704 - see above
    )


def _files(manifest: Manifest) -> list[tuple[str, FileRecord]]:
    """Return what the run read and wrote, with what each file is."""
    found: list[tuple[str, FileRecord | None]] = []
    if manifest.preparation is not None:
        data = manifest.preparation
        found += [
            ("Source", data.source),
            ("Training set", data.train),
            ("Validation set", data.validation),
            ("Blind test set", data.test),
            ("Rejected records", data.rejected),
        ]
    if manifest.baseline is not None:
        found.append(("Baseline questions", manifest.baseline.questions))
    if manifest.evaluation is not None:
        found += [("Answers", file) for file in manifest.evaluation.answers]
    return [(title, file) for title, file in found if file is not None]


def _labels(counts: dict[str, int]) -> list[tuple[str, int, float]]:
    """Return the most frequent labels, each with its count and its share of all, in [0, 1]."""
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(label, number, number / max(total, 1)) for label, number in ordered[:_MOST_LABELS]]
