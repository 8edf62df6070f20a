"""What became of a run, in a label and a sentence, and how far it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bedrock_customization_runtime.contract import ErrorName
from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import Manifest, MetricComparison


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of a run.

    Args:
        status: Of the manifest, or how it is to look where a label says more.
        label: One or two words.
        headline: One sentence.
        detail: The figures behind it, or an empty text.
    """

    status: Literal["running", "promoted", "rejected", "failed"]
    label: str
    headline: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A step of the pipeline and whether the manifest shows its result."""

    title: str
    done: bool


_BUDGET_EXCEEDED = "BudgetExceeded"
_PAST = {
    "Data": "the data were prepared",
    "Customization": "the model was customized",
    "Deployment": "the candidate was deployed",
    "Evaluation": "the answers were compared",
    "Decision": "promotion was decided",
}
_LABELS = {
    "running": "Running",
    "promoted": "Promoted",
    "rejected": "Not promoted",
    "failed": "Failed",
}
_SAID = {
    "rejected": "Rejected by a person",
    "expired": "Nobody decided in time",
}


def verdict(manifest: Manifest) -> Verdict:
    """Return what became of the run."""
    detail = wording.figures(wording.primary_of(manifest.evaluation)) if manifest.evaluation else ""
    if is_tuning_needless(manifest):
        return _needless(manifest)
    if is_over_budget(manifest):
        return _over_budget(manifest)
    if manifest.failure is not None:
        headline = f"The run failed {_so_far(manifest)}."
        detail = wording.clipped(f"{manifest.failure.error}: {wording.cause_of(manifest.failure)}")
    elif manifest.evaluation is not None:
        headline = _comparison_sentence(wording.primary_of(manifest.evaluation))
    elif manifest.status == "running":
        headline = f"The run is under way, {_so_far(manifest)}."
    else:
        headline = f"The run ended {_so_far(manifest)}."
    status, label = manifest.status, _LABELS[manifest.status]
    if status == "promoted" and manifest.deployment and manifest.deployment.rolled_back:
        status, label = "rejected", "Promoted, then rolled back"
    elif manifest.status == "rejected" and manifest.approval is not None:
        label = _SAID.get(manifest.approval.outcome, label)
    return Verdict(status=status, label=label, headline=headline, detail=detail)


def is_tuning_needless(manifest: Manifest) -> bool:
    """Return whether the run ended because the base model meets the target as it is."""
    return manifest.failure is not None and manifest.failure.error == ErrorName.TUNING_NOT_NEEDED


def is_over_budget(manifest: Manifest) -> bool:
    """Return whether the run ended because its estimate was above its limit."""
    return manifest.failure is not None and manifest.failure.error == _BUDGET_EXCEEDED


def stages(manifest: Manifest) -> list[Stage]:
    """Return the pipeline's steps; one is done if its section or a later one exists."""
    sections = [
        manifest.preparation,
        manifest.customization or manifest.model_import or manifest.custom_model,
        manifest.deployment,
        manifest.evaluation,
        manifest.decision,
    ]
    return [
        Stage(title=title, done=any(section is not None for section in sections[position:]))
        for position, title in enumerate(_PAST)
    ]


def _needless(manifest: Manifest) -> Verdict:
    return Verdict(
        status="rejected",
        label="Not needed",
        headline="Tuning is not needed: the base model already meets the target.",
        detail=f"{_cause(manifest)}. No job was started.",
    )


def _over_budget(manifest: Manifest) -> Verdict:
    return Verdict(
        status="rejected",
        label="Over budget",
        headline="The run was stopped before its job was paid: it costs too much, or nobody knows.",
        detail=_cause(manifest),
    )


def _cause(manifest: Manifest) -> str:
    if manifest.failure is None:
        return ""
    return wording.clipped(wording.sentence(wording.cause_of(manifest.failure)))


def _comparison_sentence(metric: MetricComparison) -> str:
    if metric.name == "accuracy":
        return (
            f"The tuned model answers {wording.percent(metric.tuned)} of unseen questions right; "
            f"the base model {wording.percent(metric.baseline)}."
        )
    return (
        f"On unseen questions the tuned model reaches {wording.percent(metric.tuned)} "
        f"{wording.title_of(metric.name)}; the base model {wording.percent(metric.baseline)}."
    )


def _so_far(manifest: Manifest) -> str:
    done = [stage.title for stage in stages(manifest) if stage.done]
    return f"after {_PAST[done[-1]]}" if done else "before the data were prepared"
