"""Turns stored answers into a verdict: reads them, compares them, writes the evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime import manifest as manifests, storage
from bedrock_customization_runtime.contract import TEACHER
from bedrock_customization_runtime.errors import EvaluationFailed, SourceChanged
from bedrock_customization_runtime.evaluation import blind_set, comparison, metrics, parts
from bedrock_customization_runtime.evaluation.answers import pair
from bedrock_customization_runtime.manifest import (
    EvaluationSection,
    FileRecord,
    Manifest,
    MetricComparison,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import EvaluatedModel, Evaluation, Run

_MODELS = ["base", "tuned"]


class EvaluationReport(msgspec.Struct, kw_only=True, frozen=True):
    """`evaluation.json`: ids and scores, and nothing that a record says."""

    schema_version: int = 1
    run: str
    test: str
    primary: str
    metrics: list[MetricComparison]
    records: list[str]
    """Ids, in the order of all scores below."""
    models: dict[str, comparison.ModelScores]


def judge(
    s3: S3Client,
    *,
    run: Run,
    test: str,
    prefix: str,
    models: Sequence[EvaluatedModel],
    metric: str,
    contaminated: int = 0,
    left_out: Mapping[str, str] | None = None,
) -> Evaluation:
    """Compare the answers of the base and the tuned model, and record the comparison.

    Writes `evaluation/evaluation.json` below the run's artifacts, then the manifest's section.

    Args:
        s3: Client.
        run: Whose artifacts and manifest.
        test: S3 URI of the blind set.
        prefix: S3 URI prefix of the answers, without a trailing slash.
        models: Those that answered: "base", "tuned", and "teacher" where its answers are the
            references of prompts that have none. What it did not answer either is not compared.
            Others are ignored.
        metric: Name of the primary metric.
        contaminated: Blind records with a copy in the training set.
        left_out: Models that could not take part, and why.

    Returns:
        The primary metric.

    Raises:
        EvaluationFailed: The metric is unknown, or not every record has one answer of each model.
        SourceChanged: The blind set is not the one that was prepared.
    """
    ids = {model["name"]: model["id"] for model in models}
    if sorted(model["name"] for model in models if model["name"] in _MODELS) != _MODELS:
        raise EvaluationFailed(
            f"models must be named base and tuned, once each, beside others, got "
            f"{', '.join(model['name'] for model in models) or 'none'}"
        )
    metrics.metric_of(metric)
    references = _references(s3, test, manifests.load(s3, run["manifest"]))
    files: list[FileRecord] = []
    taught: dict[str, str] = {}
    if TEACHER in ids:
        taught, file = _taught(s3, prefix)
        files.append(file)
    known = {record: text or taught.get(record, "") for record, text in references.items()}
    records = [record for record, text in known.items() if text or TEACHER not in ids]
    compared_records = set(records)
    scores: dict[str, comparison.ModelScores] = {}
    for name in _MODELS:
        answers, file = parts.read(s3, prefix, name)
        paired = [
            (known[answer.id], answer)
            for _, answer in pair(references, answers, model=name)
            if answer.id in compared_records
        ]
        scores[name] = comparison.score(ids[name], paired)
        files.append(file)
    compared = comparison.compare(metric, scores["base"], scores["tuned"])
    section = EvaluationSection(
        primary=metric,
        metrics=compared,
        answers=files,
        examples=comparison.examples(records, scores["base"], scores["tuned"]),
        taught_references=len(taught),
        contaminated=contaminated,
        left_out=dict(left_out or {}),
    )
    report = EvaluationReport(
        run=run["id"],
        test=test,
        primary=metric,
        metrics=compared,
        records=records,
        models=scores,
    )
    uri = f"{run['artifacts']}/evaluation/evaluation.json"
    storage.write(s3, uri, msgspec.json.encode(report), "application/json")
    manifests.update(
        s3, run["manifest"], lambda found: msgspec.structs.replace(found, evaluation=section)
    )
    return _shaped(uri, compared[0])


def _taught(s3: S3Client, prefix: str) -> tuple[dict[str, str], FileRecord]:
    """Return what the teacher answered, by record, and its answers as a file."""
    answers, file = parts.read(s3, prefix, TEACHER)
    found = {one.id: one.answer for one in answers if one.error is None and one.answer.strip()}
    return found, file


def _references(s3: S3Client, test: str, manifest: Manifest) -> dict[str, str]:
    with blind_set.opened(s3, test) as questions:
        if manifest.preparation and manifest.preparation.test.sha256 != questions.sha256:
            raise SourceChanged(f"{test} is not the blind set of the manifest: run it all again")
        references = {record.id: record.reference for record in questions}
        if len(references) != questions.records:
            raise EvaluationFailed(
                f"{questions.records - len(references)} records of {test} share their id with "
                "another: prepare the data again"
            )
    return references


def _shaped(report: str, primary: MetricComparison) -> Evaluation:
    return {
        "report": report,
        "metric": primary.name,
        "records": primary.records,
        "base": primary.baseline,
        "tuned": primary.tuned,
        "difference": primary.difference,
        "interval": list(primary.interval),
        "p_value": primary.p_value,
    }
