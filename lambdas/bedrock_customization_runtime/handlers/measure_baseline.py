"""Measure baseline: the base model answers the validation set, call by call until all is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bedrock_customization_runtime import aws, baseline
from bedrock_customization_runtime.evaluation.primary import primary_metric
from bedrock_customization_runtime.invocation import Limits

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import Baseline, MeasureBaselineInput


class _Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: MeasureBaselineInput, context: _Context) -> Baseline:
    """Ask what was not asked yet, then record figures and advice.

    Raises:
        TuningNotNeeded: The base model surely meets the target.
        EvaluationFailed: The model cannot answer, or nothing can be held against the target.
        BudgetExceeded: The questions alone would cost more than the whole run may.
        InvalidInput: The data are not prepared.
    """
    s3 = aws.s3()
    limits = Limits(
        max_tokens=event["max_tokens"],
        remaining_ms=context.get_remaining_time_in_millis,
    )
    with primary_metric(s3, aws.lambda_, event) as metric:
        return baseline.measure(aws.bedrock_runtime(), s3, event, limits, metric)
