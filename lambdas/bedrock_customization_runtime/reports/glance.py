"""What a reader wants to know first: is it better, may it go live, what does it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import BASE, CANDIDATE
from bedrock_customization_runtime.costs.words import dollars
from bedrock_customization_runtime.reports import wording
from bedrock_customization_runtime.reports.kinds import KINDS

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import EstimateSection, EvaluationSection, Manifest
    from bedrock_customization_runtime.reports.kinds import Kind


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyFigure:
    """An answer to one question.

    Args:
        question: In a few words.
        answer: In a few words.
        note: What stands behind it.
    """

    question: str
    answer: str
    note: str


def key_figures(manifest: Manifest) -> list[KeyFigure]:
    """Return what the run can answer; nothing before anything is known."""
    found = []
    if manifest.evaluation is not None:
        found.append(_better(manifest.evaluation))
    if manifest.decision is not None:
        found.append(_live(manifest))
    if manifest.estimate is not None:
        found.append(_cost(manifest.estimate, KINDS[manifest.run.kind]))
    if manifest.evaluation is not None:
        found += _running_cost(manifest.evaluation)
    return found


def _better(evaluation: EvaluationSection) -> KeyFigure:
    metric = wording.primary_of(evaluation)
    lower, upper = metric.interval
    if lower > 0:
        answer = "Yes"
    elif upper < 0:
        answer = "No, worse"
    else:
        answer = "Not proven"
    return KeyFigure(
        question="Is it better?",
        answer=answer,
        note=f"{wording.points(metric.difference)} points of {wording.title_of(metric.name)}, "
        f"95 % interval {wording.points(lower)} to {wording.points(upper)}",
    )


def _live(manifest: Manifest) -> KeyFigure:
    answer, note = _answer_of(manifest)
    return KeyFigure(question="May it go live?", answer=answer, note=note)


def _answer_of(manifest: Manifest) -> tuple[str, str]:
    decision, approval = manifest.decision, manifest.approval
    if manifest.deployment is not None and manifest.deployment.rolled_back:
        return "Not any more", "It was live, and consumers went back to another model"
    if manifest.status == "promoted":
        return "Yes", "The alias that consumers read names it"
    if decision is None or not decision.promote:
        refusing = sum(not verdict.passed for verdict in decision.verdicts) if decision else 0
        rules = wording.count(len(decision.verdicts)) if decision else "0"
        return "No", f"The gate refuses it by {wording.count(refusing)} of {rules} rules"
    if approval is not None and approval.outcome != "approved":
        by = "A person rejected it" if approval.outcome == "rejected" else "Nobody decided in time"
        return "No", f"{by}; the gate had let it through"
    if manifest.failure is not None:
        return "No", "The gate let it through, then the run failed"
    return "Not yet", "The gate lets it through"


def _cost(estimate: EstimateSection, kind: Kind) -> KeyFigure:
    question = "What does the run cost?"
    if estimate.usd is not None:
        note = f"Estimated {kind.unpaid}"
        return KeyFigure(question=question, answer=dollars(estimate.usd), note=note)
    unknown = sum(item.usd is None for item in estimate.items)
    items = "item has" if unknown == 1 else "items have"
    return KeyFigure(
        question=question,
        answer=f"{dollars(estimate.known_usd)} and more",
        note=f"Estimated; {unknown} {items} no known price",
    )


def _running_cost(evaluation: EvaluationSection) -> list[KeyFigure]:
    prices = {figures.name: figures.usd_per_1k for figures in evaluation.models}
    candidate, base = prices.get(CANDIDATE), prices.get(BASE)
    if candidate is None:
        return []
    note = "Base model: " + (wording.usd(base) if base is not None else "unknown")
    return [KeyFigure(question="1,000 answers cost", answer=wording.usd(candidate), note=note)]
