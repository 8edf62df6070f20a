"""What of a run that has ended becomes metrics: from its manifest alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import LIVE
from bedrock_customization_runtime.contract.monitoring import RunMetric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.manifest import Manifest
    from bedrock_customization_runtime.manifest.evaluation import (
        EvaluationSection,
        MetricComparison,
    )


def of_run(closed: Manifest) -> dict[RunMetric, float]:
    """Return the metrics of a run; of phases that it did not come to there are none.

    Args:
        closed: The manifest as the run ends, with `ended`.
    """
    return dict(_all(closed))


def _all(closed: Manifest) -> Iterator[tuple[RunMetric, float]]:
    if prepared := closed.preparation:
        yield RunMetric.RECORDS_READ, prepared.read
        yield RunMetric.RECORDS_REJECTED, prepared.rejected.records if prepared.rejected else 0
    elif refused := closed.refusal:
        yield RunMetric.RECORDS_READ, refused.read
        yield RunMetric.RECORDS_REJECTED, refused.rejected
    if job := closed.customization:
        yield RunMetric.TRAINING_TIME, _seconds(job.started, job.ended)
    if closed.evaluation and (comparison := _against_what_would_go(closed.evaluation)):
        yield RunMetric.SCORE, comparison.candidate
        yield RunMetric.SCORE_DIFFERENCE, comparison.difference
    if closed.ended:
        yield RunMetric.RUN_TIME, _seconds(closed.run.started, closed.ended)


def _against_what_would_go(evaluation: EvaluationSection) -> MetricComparison | None:
    """Return the comparison with the live model, or with the base model where none is live."""
    primary = [one for one in evaluation.metrics if one.name == evaluation.primary]
    return next((one for one in primary if one.against == LIVE), next(iter(primary), None))


def _seconds(since: str, until: str) -> float:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
