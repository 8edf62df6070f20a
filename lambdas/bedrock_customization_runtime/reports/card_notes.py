"""What a model card says in sentences: limits, considerations, caveats, each from a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import CANDIDATE
from bedrock_customization_runtime.reports import wording
from bedrock_customization_runtime.reports.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.manifest import (
        EvaluationSection,
        ImportSection,
        JudgeSection,
        Manifest,
        PreparationSection,
        RunSection,
    )
    from bedrock_customization_runtime.reports.kinds import Kind

_SMALL_BLIND_SET = 200


def out_of_scope(manifest: Manifest) -> list[str]:
    """Return what the model is not for."""
    notes = list(KINDS[manifest.run.kind].out_of_scope)
    if manifest.status != "promoted":
        notes.insert(0, "Production: the model was not promoted.")
    return notes


def ethical_considerations(run: RunSection, preparation: PreparationSection) -> list[str]:
    """Return what the data hold that concerns people, and who wrote them."""
    kind, notes = KINDS[run.kind], []
    if preparation.personal_data:
        found = ", ".join(
            f"{name} in {wording.count(records)}"
            for name, records in sorted(preparation.personal_data.items())
        )
        notes.append(
            f"Personal data or secrets were found in records of the source: {found}. Whether they "
            "were masked, rejected or kept is the preparation's setting; "
            f"{kind.kept_personal_data}."
        )
    else:
        notes.append(
            "No personal data or secrets are recorded; the search knows patterns, not people."
        )
    if preparation.enrichment is not None:
        enrichment = preparation.enrichment
        notes.append(
            f"{wording.count(enrichment.written)} answers of the data were written by the model "
            f"{enrichment.model}: its errors and preferences are passed on."
        )
    if preparation.label_counts:
        total = sum(preparation.label_counts.values())
        label, most = max(preparation.label_counts.items(), key=lambda item: item[1])
        notes.append(
            f"The most frequent answer, {wording.short(label)}, makes up "
            f"{wording.percent(most / max(1, total))} of {kind.training_set}; {kind.rare_answers}."
        )
    return notes


def caveats(manifest: Manifest) -> list[str]:
    """Return what a reader must know before trusting a figure."""
    notes = [wording.EMBEDDED_NOTICE] if manifest.run.embedded else []
    if manifest.evaluation is None:
        notes.append("The run ended before the evaluation: how good the model is, nobody measured.")
    else:
        notes += _of_evaluation(manifest.evaluation, KINDS[manifest.run.kind])
    if manifest.decision is not None and manifest.decision.earlier_decisions:
        earlier = wording.count(manifest.decision.earlier_decisions)
        notes.append(
            f"The same blind set had decided {earlier} earlier runs: what is chosen by it again "
            "and again looks better on it than it is."
        )
    if manifest.model_import is not None:
        notes += _of_import(manifest.model_import)
    job = manifest.customization
    if job is not None and job.diagnosis is not None and job.diagnosis.verdict != "fine":
        notes.append(
            f"The losses say {job.diagnosis.verdict}: {job.diagnosis.message}. "
            f"To try next: {job.diagnosis.advice}."
        )
    if manifest.estimate is not None and manifest.estimate.usd is None:
        notes.append("The cost is not complete: a price or a quantity is not known.")
    return notes


def _of_evaluation(evaluation: EvaluationSection, kind: Kind) -> Iterator[str]:
    primary = wording.primary_of(evaluation)
    if primary.records < _SMALL_BLIND_SET:
        yield (
            f"The blind set is small, {wording.count(primary.records)} records: intervals are "
            "wide, and differences that matter may not show."
        )
    if evaluation.contaminated:
        yield (
            f"{wording.count(evaluation.contaminated)} blind records also stand in "
            f"{kind.training_set}, word for word or nearly: {kind.contamination}."
        )
    if evaluation.taught_references:
        yield (
            f"{wording.count(evaluation.taught_references)} references were written by the "
            "teacher: there the figures say how like the teacher a model is, not how right."
        )
    if evaluation.judge is not None:
        yield from _of_judge(evaluation.judge)
    for each in evaluation.slices:
        if each.interval[1] < 0:
            yield (
                f"On {wording.short(each.slice or '')} the candidate is worse than the base "
                f"model by {wording.points(-each.difference).lstrip('+')} points."
            )
    for figures in evaluation.models:
        if figures.name == CANDIDATE and (figures.refusals or figures.format_failures):
            yield (
                f"Of its answers, {wording.count(figures.refusals)} were withheld and "
                f"{wording.count(figures.format_failures)} had the wrong form."
            )
    for name, reason in sorted(evaluation.left_out.items()):
        yield f"Not compared with: {wording.model_title(name)}, because {reason}."


def _of_import(imported: ImportSection) -> Iterator[str]:
    yield (
        "What the model was trained on is not known here. Whether it has seen the blind questions, "
        "nobody can say; if it has, the figures flatter it."
    )
    yield (
        "The pre-flight reads configuration, tokenizer and the headers of the weights: what the "
        "weights themselves do, only the evaluation shows."
    )
    if imported.licence is None:
        yield "No licence is recorded: look at the source before the model is used."
    unchecked = sum(file.sha256 is None for file in imported.files)
    if unchecked:
        yield f"Copied files whose digest nobody has checked: {wording.count(unchecked)}."


def _of_judge(judge: JudgeSection) -> Iterator[str]:
    yield (
        f"The judge, {judge.model}, is a model too: it may prefer long answers, or those like its "
        "own."
    )
    addressed = judge.injections.get(CANDIDATE, 0)
    if addressed:
        yield (
            "Answers of the candidate that speak to a judge, or of their own score: "
            f"{wording.count(addressed)}."
        )
