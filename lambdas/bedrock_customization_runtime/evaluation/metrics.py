"""The table of metrics: what each says, for which task it is, how it is computed.

A metric is a few figures a record that add up (right answers; shared n-grams and lengths; hits and
misses by label), and a value of such sums in [0, 1], more being better. So a mean and a score of a
whole corpus are drawn, permuted and sliced by the same code (`statistics`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import (
    classification,
    extraction,
    generation,
    own_metric,
    sql,
)
from bedrock_customization_runtime.evaluation.texts import mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mypy_boto3_lambda import LambdaClient

    from bedrock_customization_runtime.contract import OwnMetric
    from bedrock_customization_runtime.evaluation.texts import Matrix, Texts, Vector


class Task(StrEnum):
    """What kind of answers is wanted."""

    CLASSIFICATION = "classification"
    EXTRACTION = "extraction"
    TEXT_TO_SQL = "text-to-SQL"
    GENERATION = "generation"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """What answers are worth.

    Args:
        name: As users, manifests and reports write it.
        title: For people.
        meaning: What a value says, in one sentence.
        binary: True if a record scores either 0 or 1, which decides the significance test.
        tasks: For which it is computed though nobody asked.
        measure: Returns each record's figures, shape (records, figures).
        value: Returns the metric of sums of such figures, shape (…, figures), in [0, 1].
    """

    name: str
    title: str
    meaning: str
    binary: bool = False
    tasks: frozenset[Task]
    measure: Callable[[Texts], Matrix]
    value: Callable[[Matrix], Vector] = mean


def metric_of(name: str) -> Metric:
    """Return the metric of that name.

    Raises:
        EvaluationFailed: There is none.
    """
    try:
        return METRICS[name]
    except KeyError:
        raise EvaluationFailed(
            f"metric must be one of {', '.join(METRICS)}, got {name!r}"
        ) from None


def of_function(client: LambdaClient, metric: OwnMetric) -> Metric:
    """Return the metric that a function of the user's computes."""
    return Metric(
        name=metric["name"],
        title=metric["name"],
        meaning="",
        binary=metric["binary"],
        tasks=frozenset(),
        measure=own_metric.own_metric(client, metric),
    )


def executed_on(database: Path) -> Metric:
    """Return the metric of statements that are run on a SQLite file."""
    return replace(METRICS[_EXECUTION_ACCURACY], measure=sql.execution_accuracy(database))


def task_of(primary: Metric, references: Sequence[str]) -> Task:
    """Return the task: what the primary metric is for, and if that is several, what is wanted."""
    if len(primary.tasks) == 1:
        return next(iter(primary.tasks))
    if classification.are_labels(references):
        return Task.CLASSIFICATION
    if extraction.are_structured(references):
        return Task.EXTRACTION
    return Task.GENERATION


def chosen(primary: Metric, task: Task) -> list[Metric]:
    """Return the metrics that are computed: the primary one, then those of the task."""
    fitting = [
        metric
        for metric in METRICS.values()
        if task in metric.tasks and metric.name not in {primary.name, _EXECUTION_ACCURACY}
    ]
    return [primary, *fitting]


def format_failures(task: Task, texts: Texts) -> int:
    """Return how many answers are not of the form that the references have."""
    match task:
        case Task.EXTRACTION if extraction.are_structured(texts.references):
            return extraction.not_json(texts)
        case Task.TEXT_TO_SQL:
            return sql.not_sql(texts, _ANY_DIALECT)
    return 0


def _needs_a_database(_texts: Texts) -> Matrix:
    raise EvaluationFailed(
        "metric execution_accuracy needs a database: give ExecutionAccuracy(bucket=…, key=…) as "
        "the pipeline's metric"
    )


_ANY_DIALECT = ""
_EVERY = frozenset(Task)
_EXECUTION_ACCURACY = "execution_accuracy"
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="accuracy",
            title="Accuracy",
            meaning="Share of answers equal to the reference, letter case and outer spaces aside.",
            binary=True,
            tasks=_EVERY,
            measure=extraction.each(extraction.accuracy),
        ),
        Metric(
            name="macro_f1",
            title="Macro-F1",
            meaning="F1 of each label of the references, averaged: rare labels count as much.",
            tasks=frozenset({Task.CLASSIFICATION}),
            measure=classification.macro_f1,
            value=classification.macro_f1_of,
        ),
        Metric(
            name="json_equality",
            title="JSON equality",
            meaning="Share of answers that are the reference's JSON value; keys in any order.",
            binary=True,
            tasks=frozenset({Task.EXTRACTION}),
            measure=extraction.each(extraction.json_equality),
        ),
        Metric(
            name="sql_equality",
            title="SQL equality",
            meaning="Share of answers that are the reference's statement, however it is written.",
            binary=True,
            tasks=frozenset({Task.TEXT_TO_SQL}),
            measure=sql.sql_equality(_ANY_DIALECT),
        ),
        Metric(
            name=_EXECUTION_ACCURACY,
            title="Execution accuracy",
            meaning="Share of answers that find the reference's rows in a database.",
            binary=True,
            tasks=frozenset({Task.TEXT_TO_SQL}),
            measure=_needs_a_database,
        ),
        Metric(
            name="token_f1",
            title="Token F1",
            meaning="Words that answer and reference share, in [0, 1]; their order does not count.",
            tasks=frozenset({Task.EXTRACTION, Task.GENERATION}),
            measure=extraction.each(generation.token_f1),
        ),
        *(
            Metric(
                name=name,
                title=title,
                meaning=meaning,
                tasks=frozenset({Task.GENERATION}),
                measure=measure,
            )
            for name, title, meaning, measure in (
                (
                    "rouge_1",
                    "ROUGE-1",
                    "Latin words and numbers that answer and reference share.",
                    generation.rouge(1),
                ),
                (
                    "rouge_2",
                    "ROUGE-2",
                    "Pairs of neighbouring Latin words that answer and reference share.",
                    generation.rouge(2),
                ),
                (
                    "rouge_l",
                    "ROUGE-L",
                    "Longest sequence of Latin words, with gaps, that both have.",
                    generation.rouge_l,
                ),
            )
        ),
        Metric(
            name="bleu",
            title="BLEU",
            meaning="Runs of up to four words that all answers share with their references.",
            tasks=frozenset({Task.GENERATION}),
            measure=generation.bleu,
            value=generation.bleu_of,
        ),
        Metric(
            name="chrf",
            title="chrF",
            meaning="Runs of up to six characters that all answers share with their references.",
            tasks=frozenset({Task.GENERATION}),
            measure=generation.chrf,
            value=generation.chrf_of,
        ),
        Metric(
            name="answered",
            title="Answered",
            meaning="Share of questions that got an answer at all, right or wrong.",
            binary=True,
            tasks=_EVERY,
            measure=extraction.each(extraction.answered),
        ),
    )
}
