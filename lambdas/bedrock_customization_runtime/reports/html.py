"""The report of a run as one HTML page: no script, no network, the same bytes for a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from bedrock_customization_runtime.reports import (
    confusion,
    glance,
    models,
    plots,
    verdicts,
    wording,
)
from bedrock_customization_runtime.reports.pages import template

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import EvaluationSection, FileRecord, Manifest

_MOST_LABELS = 20


def render(manifest: Manifest) -> str:
    """Return the page, whatever stage the run is at.

    Everything a manifest says is escaped: names, messages and labels come from the data's owners.
    """
    preparation, customization = manifest.preparation, manifest.customization
    evaluation, decision = manifest.evaluation, manifest.decision
    gate = decision.min_improvement if decision else None
    return template("report.html.jinja").render(
        manifest=manifest,
        verdict=verdicts.verdict(manifest),
        over_budget=verdicts.is_over_budget(manifest),
        key_figures=glance.key_figures(manifest),
        stages=verdicts.stages(manifest),
        embedded_notice=wording.EMBEDDED_NOTICE,
        sections=_sections(manifest),
        files=_files(manifest),
        fates=wording.fates(preparation) if preparation else [],
        labels=_labels(preparation.label_counts) if preparation else [],
        loss_plot=_drawn(plots.loss_curves(customization) if customization else ""),
        sweep_plot=_drawn(plots.sweep_curves(manifest.sweep) if manifest.sweep else ""),
        fates_plot=_drawn(plots.record_fates(preparation) if preparation else ""),
        **(_comparisons(evaluation, gate) if evaluation else {}),
    )


def _sections(manifest: Manifest) -> list[str]:
    """Return the templates of `sections/` that the run has something for, in their order."""
    evaluation = manifest.evaluation
    shown = {
        "failure": None if verdicts.is_tuning_needless(manifest) else manifest.failure,
        "use_case": manifest.use_case,
        "refusal": manifest.refusal,
        "decision": manifest.decision,
        "evaluation": evaluation,
        "slices": evaluation and evaluation.slices,
        "models": evaluation and evaluation.models,
        "confusion": evaluation and evaluation.confusion,
        "judge": evaluation and evaluation.judge,
        "examples": evaluation and evaluation.examples,
        "baseline": manifest.baseline,
        "sweep": manifest.sweep,
        "customization": manifest.customization,
        "model_import": manifest.model_import,
        "cost": manifest.estimate,
        "data": manifest.preparation,
        "lineage": manifest.run,
    }
    return [name for name, section in shown.items() if section]


def _comparisons(evaluation: EvaluationSection, gate: float | None) -> dict[str, object]:
    primary = wording.primary_of(evaluation)
    return {
        "primary": primary,
        "against": models.against_each(evaluation, gate),
        "slices": models.by_slice(evaluation),
        "confusion": confusion.heat_maps(evaluation.confusion),
        "comparison_plot": _drawn(plots.comparison(models.scores(evaluation), primary, gate)),
    }


def _drawn(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - our own drawings, in which every text is escaped already


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
            ("Answers that a model wrote", data.enrichment.answers if data.enrichment else None),
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
