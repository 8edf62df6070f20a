"""What an invocation tells of itself: a line of JSON with its metrics, and its run in every line.

Written here because the functions' layer has no Powertools: what is needed of it is this page. The
metrics are in CloudWatch's embedded metric format, so they need no call and no right. Names, ids,
durations and counts only: nothing of an event but the ARN of its execution is looked at.
"""

from __future__ import annotations

import functools
import itertools
import json
import logging
import math
import sys
import time
from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from bedrock_customization_runtime.contract import METRIC_NAMESPACE
from bedrock_customization_runtime.contract.monitoring import UNITS, RunMetric, StageMetric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_P = ParamSpec("_P")
_R = TypeVar("_R")
_metrics: ContextVar[dict[RunMetric, float] | None] = ContextVar("metrics", default=None)
_invocations = itertools.count()
_MACHINE, _EXECUTION = 6, 7  # in arn:partition:states:region:account:execution:machine:name


def emit(metric: RunMetric, value: float) -> None:
    """Add a metric to the line of the invocation that is under way; outside of one, do nothing.

    Args:
        metric: Which; the last value counts.
        value: In the unit of `UNITS`; what is no finite number is left out.
    """
    collected = _metrics.get()
    if collected is not None and math.isfinite(value):
        collected[metric] = value


def observed(handler: Callable[_P, _R]) -> Callable[_P, _R]:
    """Wrap a handler so that each invocation is a line of its log, whatever becomes of it."""
    stage = handler.__module__.rpartition(".")[2]

    @functools.wraps(handler)
    def invoke(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        event, context = (*args, None, None)[:2]
        fields = _fields(stage, event, context)
        outcome, began, collected = "Completed", time.perf_counter(), dict[RunMetric, float]()
        token = _metrics.set(collected)
        try:
            with _stamped(fields):
                return handler(*args, **kwargs)
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            _metrics.reset(token)
            took = 1000 * (time.perf_counter() - began)
            line = {
                "level": "INFO",
                "message": "invocation ended",
                **fields,
                "outcome": outcome,
                **_embedded(stage, _pipeline(event), took, collected),
            }
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()

    return invoke


def _fields(stage: str, event: object, context: object) -> dict[str, str | bool | None]:
    arn = _execution(event)
    step = event.get("step") if isinstance(event, Mapping) else None
    return {
        # Empty for an event of no run: Lambda leaves out what is null.
        "run_id": arn.split(":")[_EXECUTION] if arn else "",
        "execution_arn": arn or "",
        "stage": f"{stage}.{step}" if step else stage,
        "cold_start": next(_invocations) == 0,
        "requestId": getattr(context, "aws_request_id", None),
    }


def _execution(event: object) -> str | None:
    """Return the ARN of the execution an event is of; None for those that are of none."""
    if not isinstance(event, Mapping):
        return None
    arn = event.get("execution_arn")
    if isinstance(arn, str) and arn.count(":") >= _EXECUTION:
        return arn
    inner = (_execution(event.get(name)) for name in ("run", "preparation"))
    return next(filter(None, inner), None)


def _pipeline(event: object) -> str | None:
    arn = _execution(event)
    if arn:
        # Executions of a distributed Map have a label behind the name of their machine.
        return arn.split(":")[_MACHINE].partition("/")[0]
    named = event.get("pipeline") if isinstance(event, Mapping) else None
    return named if isinstance(named, str) else None


def _embedded(
    stage: str, pipeline: str | None, took: float, collected: Mapping[RunMetric, float]
) -> dict[str, object]:
    """Return the members that make a line metrics: what is measured, and where it counts."""
    if pipeline is None:
        return {str(StageMetric.DURATION): round(took, 3)}
    directives = [_directive(["Pipeline", "Stage"], [StageMetric.DURATION])]
    if collected:
        directives.append(_directive(["Pipeline"], list(collected)))
    return {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives},
        "Pipeline": pipeline,
        "Stage": stage,
        str(StageMetric.DURATION): round(took, 3),
        **{str(metric): value for metric, value in collected.items()},
    }


def _directive(
    dimensions: list[str], metrics: list[RunMetric] | list[StageMetric]
) -> dict[str, object]:
    return {
        "Namespace": METRIC_NAMESPACE,
        "Dimensions": [dimensions],
        "Metrics": [{"Name": str(metric), "Unit": UNITS[metric]} for metric in metrics],
    }


@contextmanager
def _stamped(fields: Mapping[str, str | bool | None]) -> Iterator[None]:
    """Put the fields on every record that is logged meanwhile; Lambda's formatter writes them."""

    def stamp(record: logging.LogRecord) -> bool:
        # Lambda puts the id of the request there itself, under another name.
        record.__dict__.update({k: v for k, v in fields.items() if k != "requestId"})
        return True

    handlers = list(logging.getLogger().handlers)
    for one in handlers:
        one.addFilter(stamp)
    try:
        yield
    finally:
        for one in handlers:
            one.removeFilter(stamp)
