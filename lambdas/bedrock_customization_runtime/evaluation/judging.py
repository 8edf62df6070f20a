"""Turns stored answers into a verdict: reads them, compares them, writes the evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime import catalog, manifest as manifests
from bedrock_customization_runtime.contract import BASE, CANDIDATE, TEACHER
from bedrock_customization_runtime.errors import EvaluationFailed, SourceChanged
from bedrock_customization_runtime.evaluation import (
    blind_set,
    classification,
    comparison,
    metrics,
    parts,
)
from bedrock_customization_runtime.evaluation.answers import pair
from bedrock_customization_runtime.evaluation.metrics import Metric, Task
from bedrock_customization_runtime.manifest import (
    EvaluationSection,
    Manifest,
    MetricComparison,
    ModelFigures,
    RunSection,
)
from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import EvaluatedModel, Evaluation, Run
    from bedrock_customization_runtime.evaluation.answers import Answer
    from bedrock_customization_runtime.evaluation.comparison import Measured


class EvaluationReport(msgspec.Struct, kw_only=True, frozen=True):
    """`evaluation.json`: ids and scores, and nothing that a record says."""

    schema_version: int = 2
    run: str
    test: str
    primary: str
    metrics: list[MetricComparison]
    slices: list[MetricComparison]
    records: list[str]
    """Ids, in the order of all scores below."""
    models: dict[str, comparison.ModelScores]


def judge(
    s3: S3Client,
    *,
    run: Run,
    test: str,
    answers: str,
    models: Sequence[EvaluatedModel],
    metric: str,
    contaminated: int = 0,
    left_out: Mapping[str, str] | None = None,
    measured_by: Metric | None = None,
) -> Evaluation:
    """Compare the answers of the candidate with those of all others, and record the comparison.

    Writes `evaluation/evaluation.json` below the run's artifacts, then the manifest's section.

    Args:
        s3: Client.
        run: Whose artifacts and manifest.
        test: S3 URI of the blind set.
        answers: S3 URI prefix of the answers, without a trailing slash.
        models: Those that answered: "base", "candidate", and any others. Answers of "teacher" are
            the references of prompts that have none, and what it did not answer either is not
            compared; where no prompt lacks one, and it answered all, it is compared like any other.
        metric: Name of the primary metric.
        contaminated: Blind records with a copy in the training set.
        left_out: Models that could not take part, and why.
        measured_by: How that is measured, where the table of metrics does not say.

    Returns:
        The comparison by the primary metric with the base model.

    Raises:
        EvaluationFailed: The metric is unknown, or not every record has one answer of each model.
        SourceChanged: The blind set is not the one that was prepared.
    """
    names = [model["name"] for model in models]
    if not {BASE, CANDIDATE} <= set(names) or len(set(names)) < len(names):
        raise EvaluationFailed(
            "models must be named base and candidate, once each, beside a teacher or others, got "
            f"{', '.join(names) or 'none'}"
        )
    primary = measured_by or metrics.metric_of(metric)
    manifest = manifests.load(s3, run["manifest"])
    blind = _references(s3, test, manifest)
    read = {name: parts.read(s3, answers, name) for name in names}
    taught = _taught(blind.references, read[TEACHER][0]) if TEACHER in read else {}
    known = {record: text or taught.get(record, "") for record, text in blind.references.items()}
    records = [record for record, text in known.items() if text or TEACHER not in read]
    task = metrics.task_of(primary, [known[record] for record in records])
    computed = metrics.chosen(primary, task)
    measured: dict[str, Measured] = {}
    for model in models:
        name, given = model["name"], read[model["name"]][0]
        if name == TEACHER and not _is_compared(blind.references, given):
            continue
        said = dict(zip(blind.references, pair(blind.references, given, model=name), strict=True))
        measured[name] = comparison.measure(
            model["id"], [(known[record], said[record][1]) for record in records], computed
        )
    compared = comparison.compare(computed, measured)
    slices = comparison.compare_slices(
        primary, measured, [blind.slices.get(record, {}) for record in records]
    )
    section = EvaluationSection(
        primary=primary.name,
        models=[
            _figures(name, one, computed, task, manifest.run) for name, one in measured.items()
        ],
        metrics=compared,
        slices=slices,
        confusion=[
            found
            for name in (BASE, CANDIDATE)
            if task is Task.CLASSIFICATION
            and (found := classification.confusion_of(name, measured[name].texts))
        ],
        minimum_detectable_effect=comparison.minimum_detectable_effect(primary, measured),
        answers=[file for _, file in read.values()],
        examples=comparison.examples(computed, measured),
        taught_references=len(taught),
        contaminated=contaminated,
        left_out=dict(left_out or {}),
    )
    report = EvaluationReport(
        run=run["id"],
        test=test,
        primary=primary.name,
        metrics=compared,
        slices=slices,
        records=records,
        models={name: one.scores for name, one in measured.items()},
    )
    uri = f"{run['artifacts']}/evaluation/evaluation.json"
    objects.write(s3, uri, msgspec.json.encode(report), "application/json")
    manifests.update(
        s3, run["manifest"], lambda found: msgspec.structs.replace(found, evaluation=section)
    )
    return _shaped(uri, compared[0])


def _figures(
    name: str, measured: Measured, computed: Sequence[Metric], task: Task, run: RunSection
) -> ModelFigures:
    scores = measured.scores
    return ModelFigures(
        name=name,
        model_id=scores.model_id,
        metrics={metric.name: measured.value(metric) for metric in computed},
        input_tokens=scores.input_tokens,
        output_tokens=scores.output_tokens,
        usd_per_1k=_usd_per_1k(name, scores, len(measured.texts.ids), run),
        median_latency_ms=scores.median_latency_ms,
        slowest_latency_ms=scores.slowest_latency_ms,
        refusals=scores.refusals,
        format_failures=metrics.format_failures(task, measured.texts),
        errors=scores.errors,
    )


def _usd_per_1k(
    name: str, scores: comparison.ModelScores, records: int, run: RunSection
) -> float | None:
    """Return what 1,000 such answers cost, None where no price is known or time is billed."""
    if any(kind in scores.model_id for kind in (":provisioned-model/", ":imported-model/")):
        return None
    # A deployment's ARN does not say of which base model it is; on demand it costs what that does.
    priced = run.inference_model if name == CANDIDATE else scores.model_id
    prices = catalog.inference_prices(priced)
    if prices is None:
        return None
    usd = scores.input_tokens * prices.input.usd + scores.output_tokens * prices.output.usd
    return round(usd / records, 9)


def _taught(references: Mapping[str, str], answers: Sequence[Answer]) -> dict[str, str]:
    """Return what the teacher answered to what has no reference, by record."""
    return {
        one.id: one.answer
        for one in answers
        if one.error is None and one.answer.strip() and not references.get(one.id)
    }


def _is_compared(references: Mapping[str, str], answers: Sequence[Answer]) -> bool:
    """Return whether a teacher is a model like any other: nobody is measured by its answers."""
    return all(references.values()) and len(answers) == len(references)


@dataclass(frozen=True, kw_only=True, slots=True)
class _BlindSet:
    """What answers are compared with, by record id.

    Args:
        references: Of all records, in order.
        slices: Values by column, of records that have some.
    """

    references: dict[str, str]
    slices: dict[str, dict[str, str]]


def _references(s3: S3Client, test: str, manifest: Manifest) -> _BlindSet:
    references: dict[str, str] = {}
    slices: dict[str, dict[str, str]] = {}
    with blind_set.opened(s3, test) as questions:
        if manifest.preparation and manifest.preparation.test.sha256 != questions.sha256:
            raise SourceChanged(f"{test} is not the blind set of the manifest: run it all again")
        for record in questions:
            references[record.id] = record.reference
            if record.slices:
                slices[record.id] = record.slices
        if len(references) != questions.records:
            raise EvaluationFailed(
                f"{questions.records - len(references)} records of {test} share their id with "
                "another: prepare the data again"
            )
    return _BlindSet(references=references, slices=slices)


def _shaped(report: str, primary: MetricComparison) -> Evaluation:
    return {
        "report": report,
        "metric": primary.name,
        "records": primary.records,
        "against": primary.against,
        "other": primary.other,
        "candidate": primary.candidate,
        "difference": primary.difference,
        "interval": list(primary.interval),
        "p_value": primary.p_value,
    }
