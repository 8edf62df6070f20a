"""Compare answers: all models on the blind set, into evaluation.json and the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.evaluation.judging import judge
from bedrock_customization_runtime.evaluation.primary import primary_metric
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import CompareAnswersInput, Evaluation


@observed
def handler(event: CompareAnswersInput, _context: object) -> Evaluation:
    """Compare the answers and record the comparison; a repeated call writes the same again.

    Raises:
        EvaluationFailed: The metric is unknown or cannot be computed, or not every record has one
            answer of each model.
        SourceChanged: The blind set is not the one that was prepared.
    """
    s3 = aws.s3()
    with primary_metric(s3, aws.lambda_, event) as metric:
        return judge(
            s3,
            run=event["run"],
            test=event["test"],
            answers=event["answers"],
            models=event["models"],
            metric=event["metric"],
            contaminated=event["contaminated"],
            left_out=event["left_out"],
            measured_by=metric,
        )
