"""Compare answers: base against tuned on the blind set, into evaluation.json and the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.evaluation.judging import judge

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import CompareAnswersInput, Evaluation


def handler(event: CompareAnswersInput, _context: object) -> Evaluation:
    """Compare the answers and record the comparison; a repeated call writes the same again.

    Raises:
        EvaluationFailed: The metric is unknown, or not every record has one answer of each model.
        SourceChanged: The blind set is not the one that was prepared.
    """
    return judge(
        aws.s3(),
        run=event["run"],
        test=event["test"],
        prefix=event["answers"],
        models=event["models"],
        metric=event["metric"],
        contaminated=event["contaminated"],
        left_out=event["left_out"],
    )
