"""What became of a run, in a label and a sentence, and how far it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bedrock_customization_runtime.contract import ErrorName, RunKind
from bedrock_customization_runtime.reports import wording
from bedrock_customization_runtime.reports.kinds import KINDS

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
    """A step of the pipeline and whether the manifest shows its result.

    Args:
        title: One word.
        past: What has happened when it is done.
        done: Whether it is.
    """

    title: str
    past: str
    done: bool


_BUDGET_EXCEEDED = "BudgetExceeded"
_ELSEWHERE = {"Data", "Evaluation"}
"""Steps of a model that is copied, where it was customized."""
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
    kind = KINDS[manifest.run.kind]
    steps = [
        ("Data", "the data were prepared", manifest.preparation),
        (kind.stage, kind.done, manifest.model_arn),
        ("Deployment", "the candidate was deployed", manifest.deployment),
        ("Evaluation", "the answers were compared", manifest.evaluation),
        ("Decision", "promotion was decided", manifest.decision),
    ]
    if manifest.run.kind == RunKind.COPY:
        steps = [step for step in steps if step[0] not in _ELSEWHERE]
    return [
        Stage(title=title, past=past, done=any(found is not None for *_, found in steps[position:]))
        for position, (title, past, _) in enumerate(steps)
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
        headline="The run was stopped for its cost: it is too high, or nobody knows it.",
        detail=_cause(manifest),
    )


def _cause(manifest: Manifest) -> str:
    if manifest.failure is None:
        return ""
    return wording.clipped(wording.sentence(wording.cause_of(manifest.failure)))


def _comparison_sentence(metric: MetricComparison) -> str:
    if metric.name == "accuracy":
        return (
            f"The candidate answers {wording.percent(metric.candidate)} of unseen questions right; "
            f"the base model {wording.percent(metric.other)}."
        )
    return (
        f"On unseen questions the candidate reaches {wording.percent(metric.candidate)} "
        f"{wording.title_of(metric.name)}; the base model {wording.percent(metric.other)}."
    )


def _so_far(manifest: Manifest) -> str:
    done = [stage.past for stage in stages(manifest) if stage.done]
    if done:
        return f"after {done[-1]}"
    is_copy = manifest.run.kind == RunKind.COPY
    return f"before the {'model was copied' if is_copy else 'data were prepared'}"
