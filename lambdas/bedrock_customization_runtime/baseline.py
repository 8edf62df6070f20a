"""The baseline on S3: what the base model reaches on the validation set before a job is paid.

Neither the questions nor the examples are of the blind set, which nobody here may read: it decides
once, after the tuning.
"""

from __future__ import annotations

from hashlib import sha256
from heapq import nsmallest
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest as manifests
from bedrock_customization_runtime.contract import BASE, FEW_SHOT, KnowledgeChanges
from bedrock_customization_runtime.costs.budget import check_budget
from bedrock_customization_runtime.costs.estimate import summed
from bedrock_customization_runtime.costs.items import asking
from bedrock_customization_runtime.costs.quantities import AskedTokens
from bedrock_customization_runtime.datasets.record_formats import formats, records
from bedrock_customization_runtime.datasets.token_counts import TokenCount
from bedrock_customization_runtime.errors import EvaluationFailed, TuningNotNeeded
from bedrock_customization_runtime.evaluation import (
    advice,
    comparison,
    few_shot,
    intervals,
    metrics,
    parts,
    statistics,
)
from bedrock_customization_runtime.evaluation.answers import pair
from bedrock_customization_runtime.evaluation.asking import ask, items_of
from bedrock_customization_runtime.evaluation.texts import normalise
from bedrock_customization_runtime.manifest import (
    AdviceReason,
    AdviceSection,
    BaselineFigures,
    BaselineSection,
    FileRecord,
)
from bedrock_customization_runtime.s3 import objects, streams

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import (
        Baseline,
        EvaluatedModel,
        MeasureBaselineInput,
        Run,
    )
    from bedrock_customization_runtime.datasets.record_formats.records import TestRecord
    from bedrock_customization_runtime.evaluation.comparison import Measured
    from bedrock_customization_runtime.evaluation.metrics import Metric
    from bedrock_customization_runtime.evaluation.texts import Texts
    from bedrock_customization_runtime.invocation import Limits
    from bedrock_customization_runtime.manifest import Manifest, PreparationSection

_SEED = 0
"""Of the examples."""
_DECODER = msgspec.json.Decoder(records.TestRecord)


def measure(
    bedrock_runtime: BedrockRuntimeClient,
    s3: S3Client,
    event: MeasureBaselineInput,
    limits: Limits,
    metric: Metric,
) -> Baseline:
    """Ask the base model what it was not asked before; at the end record figures and advice.

    Args:
        bedrock_runtime: Client.
        s3: Client.
        event: What is asked, how, and what it is held against.
        limits: Tokens and time of this call.
        metric: What answers are measured by.

    Returns:
        How far the answers have come; the same event goes on where this call ended.

    Raises:
        TuningNotNeeded: The base model surely meets the target.
        EvaluationFailed: The model cannot answer, or there is a target and no record has an answer
            to hold against it.
        BudgetExceeded: The questions alone would cost more than the whole run may.
        InvalidInput: The data are not prepared.
    """
    run = event["run"]
    document = manifests.load(s3, run["manifest"])
    preparation = document.prepared()
    files = _Files(run)
    asked = _written(s3, files.questions)
    if asked is None:
        asked = _choose(s3, event, files, preparation)
    if not asked:
        return _nothing_to_measure(event)
    examples = _written(s3, files.examples) or []
    _check_budget(event, asked, examples)
    models: list[EvaluatedModel] = [{"name": BASE, "id": event["model"]}]
    if examples:
        models.append({"name": FEW_SHOT, "id": event["model"], "shots": files.examples})
    answers = [
        ask(
            bedrock_runtime,
            s3,
            test=files.questions,
            models=models,
            prefix=files.answers,
            limits=limits,
            number=number,
        )
        for number in range(items_of(len(asked), models))
    ]
    done = all(one["done"] for one in answers)
    if done:
        _conclude(s3, event, document, asked, examples, metric=metric)
    return {
        "done": done,
        "answered": sum(one["answered"] for one in answers),
        "total": len(models) * len(asked),
    }


class _Files:
    """Where everything lies: below the run's prefix in the data bucket.

    Args:
        run: Whose.
    """

    def __init__(self, run: Run) -> None:
        self.examples = f"{run['data']}/prepared/few_shot.jsonl"
        self.questions = f"{run['data']}/baseline/questions.jsonl"
        self.answers = f"{run['data']}/baseline/answers"


def _written(s3: S3Client, uri: str) -> list[TestRecord] | None:
    found = objects.read_version(s3, uri)
    return None if found is None else [_DECODER.decode(line) for line in found.body.splitlines()]


def _choose(
    s3: S3Client, event: MeasureBaselineInput, files: _Files, preparation: PreparationSection
) -> list[TestRecord]:
    """Write the examples and then the questions; return the questions."""
    record_format = _rules(event).record_format
    train = preparation.train.uri
    examples = few_shot.choose(
        _answered(s3, train, record_format), count=event["few_shot"], seed=_SEED
    )
    if examples:
        _write(s3, files.examples, examples)
    apart = {example.id for example in examples}
    source = train if preparation.validation is None else preparation.validation.uri
    # Ids are digests of what records say: the lowest are a draw that no order of theirs changes.
    chosen = nsmallest(
        event["max_records"],
        (one for one in _answered(s3, source, record_format) if one.id not in apart),
        key=lambda record: record.id,
    )
    _write(s3, files.questions, chosen)
    return chosen


def _answered(s3: S3Client, uri: str, record_format: catalog.RecordFormat) -> Iterator[TestRecord]:
    """Yield the records of a prepared file that have an answer to be measured by."""
    with TemporaryFile() as file:
        streams.fetch(s3, uri, file)
        file.seek(0)
        for record in formats.parse_all(file, record_format):
            found = records.blind(record)
            if found.reference:
                yield found


def _write(s3: S3Client, uri: str, chosen: Sequence[TestRecord]) -> None:
    body = b"".join(map(formats.blind_line, chosen))
    objects.write(s3, uri, body, "application/jsonl")


def _rules(event: MeasureBaselineInput) -> catalog.MethodRules:
    return catalog.base_model(event["base_model"]).methods[catalog.Method(event["method"])]


def _check_budget(
    event: MeasureBaselineInput, asked: Sequence[TestRecord], examples: Sequence[TestRecord]
) -> None:
    """Refuse questions that alone cost more than the run may.

    Raises:
        BudgetExceeded: With the figures.
    """
    question, shot = TokenCount.of_blind_set(), TokenCount.of_blind_set()
    for count, some in ((question, asked), (shot, examples)):
        for _ in count.counting(map(formats.blind_line, some)):
            pass
    ways = 2 if examples else 1
    said = min(question.answers, question.records * event["max_tokens"])
    items = asking(
        catalog.base_model(event["base_model"]),
        AskedTokens(
            input=ways * question.questions + question.records * (shot.questions + shot.answers),
            output=ways * said,
        ),
    )
    check_budget(
        summed(items),
        max_cost_usd=event.get("max_cost_usd"),
        allow_unknown_price=event["allow_unknown_price"],
    )


def _nothing_to_measure(event: MeasureBaselineInput) -> Baseline:
    if "target" in event:
        raise EvaluationFailed(
            "no record of the validation set has an answer that the target of "
            f"{event['target']:g} could be held against: give answers, or leave the target out"
        )
    return {"done": True, "answered": 0, "total": 0}


def _conclude(
    s3: S3Client,
    event: MeasureBaselineInput,
    document: Manifest,
    asked: Sequence[TestRecord],
    examples: Sequence[TestRecord],
    *,
    metric: Metric,
) -> None:
    """Score the answers, record figures and advice.

    Raises:
        TuningNotNeeded: The base model surely meets the target.
    """
    preparation = document.prepared()
    references = {record.id: record.reference for record in asked}
    labels = {normalise(label) for label in preparation.label_counts}
    ways = {
        name: _measured(s3, event, name, references, metric)
        for name in (BASE, *([FEW_SHOT] if examples else []))
    }
    gain = _gain(metric, ways[BASE], ways[FEW_SHOT]) if FEW_SHOT in ways else None
    figures = {name: _figures(metric, found, labels) for name, found in ways.items()}
    evidence = advice.Evidence(
        metric=metric.title,
        training_records=preparation.train.records,
        blind_records=preparation.test.records,
        minimum_detectable_effect=preparation.minimum_detectable_effect or 1.0,
        min_improvement=event["min_improvement"],
        target=event.get("target"),
        measured=advice.Measured(
            zero_shot=_figure(figures[BASE]),
            few_shot=_figure(figures[FEW_SHOT]) if FEW_SHOT in figures else None,
            examples=len(examples),
            gain=gain,
        ),
        advised_records=_rules(event).advised_records,
        label_counts=preparation.label_counts,
        knowledge_changes=(
            KnowledgeChanges(event["knowledge_changes"]) if "knowledge_changes" in event else None
        ),
    )
    found = advice.advise(evidence)
    section = BaselineSection(
        metric=metric.name,
        target=evidence.target,
        min_improvement=evidence.min_improvement,
        records=len(asked),
        questions=_file_record(s3, _Files(event["run"]).questions, len(asked)),
        from_training=preparation.validation is None,
        examples=len(examples),
        zero_shot=figures[BASE],
        few_shot=figures.get(FEW_SHOT),
        gain=gain,
        interval_method=_interval_method(metric),
        blind_records=evidence.blind_records,
        minimum_detectable_effect=evidence.minimum_detectable_effect,
        advice=AdviceSection(
            verdict=found.verdict.value,
            reasons=[
                AdviceReason(rule=reason.rule.value, message=reason.message)
                for reason in found.reasons
            ],
        ),
    )
    manifests.update(s3, event["run"]["manifest"], lambda newest: replace(newest, baseline=section))
    if advice.meets_target(evidence):
        raise TuningNotNeeded(found.reasons[0].message)


def _measured(
    s3: S3Client,
    event: MeasureBaselineInput,
    name: str,
    references: Mapping[str, str],
    metric: Metric,
) -> Measured:
    """Return what a way of asking has brought."""
    answers, _ = parts.read(s3, _Files(event["run"]).answers, name)
    return comparison.measure(event["model"], pair(references, answers, model=name), [metric])


def _gain(metric: Metric, zero_shot: Measured, few_shot: Measured) -> tuple[float, float]:
    """Return the interval of what examples gain."""
    both = statistics.Pair(
        baseline=zero_shot.figures[metric.name],
        tuned=few_shot.figures[metric.name],
        value=metric.value,
    )
    (drawn,) = statistics.bootstrap_differences([both], seed=comparison.SEED)
    return statistics.percentile_interval(drawn, value=both.difference, records=both.records)


def _figures(metric: Metric, found: Measured, labels: set[str]) -> BaselineFigures:
    return BaselineFigures(
        value=found.value(metric),
        interval=intervals.value_interval(
            found.figures[metric.name], metric.value, binary=metric.binary, seed=comparison.SEED
        ),
        format_failures=_format_failures(metric, found.texts, labels),
        errors=found.scores.errors,
        input_tokens=found.scores.input_tokens,
        output_tokens=found.scores.output_tokens,
        median_latency_ms=found.scores.median_latency_ms,
    )


def _format_failures(metric: Metric, texts: Texts, labels: set[str]) -> float:
    """Return the share of answers that are not of the form the references have."""
    if labels:
        failed = sum(
            answer is not None and normalise(answer) not in labels for answer in texts.answers
        )
    else:
        failed = metrics.format_failures(metrics.task_of(metric, texts.references), texts)
    return failed / len(texts.answers)


def _figure(found: BaselineFigures) -> advice.Figure:
    return advice.Figure(
        value=found.value, interval=found.interval, format_failures=found.format_failures
    )


def _interval_method(metric: Metric) -> str:
    if metric.binary:
        return "95 % Clopper-Pearson interval, which is exact"
    return (
        f"95 % percentile interval of {statistics.BOOTSTRAP_DRAWS:,} bootstrap draws "
        f"(PCG64, seed {comparison.SEED})"
    )


def _file_record(s3: S3Client, uri: str, count: int) -> FileRecord:
    body = objects.read(s3, uri)
    return FileRecord(uri=uri, sha256=sha256(body).hexdigest(), bytes=len(body), records=count)
