"""The dashboard of a pipeline. Only `monitoring` imports this, as of `_alarms`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, aws_cloudwatch as cloudwatch

from bedrock_customization_runtime.contract import METRIC_NAMESPACE, TrainingMetric
from bedrock_customization_runtime.contract.monitoring import RunMetric, StageMetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from bedrock_customization._alarms import Watched

_WIDTH, _HEIGHT = 8, 6
_HOUR, _DAY = Duration.hours(1), Duration.days(1)
_OUTCOMES = ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")


def define_dashboard(
    scope: Construct, watched: Watched, alarms: Sequence[cloudwatch.Alarm]
) -> cloudwatch.Dashboard:
    """Define the dashboard: alarms first, then runs, data, models, machinery, money.

    Args:
        scope: Parent.
        watched: The pipeline.
        alarms: Whose states stand on top.
    """
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        default_interval=Duration.days(7),
        widgets=[
            [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms, width=3 * _WIDTH)],
            [
                _graph(
                    "Runs by outcome", [watched.of_executions(f"Executions{o}") for o in _OUTCOMES]
                ),
                _graph("Time of runs and training", _times(watched)),
                _graph("Time of stages (average)", _stages(watched)),
            ],
            [
                _graph(
                    "Records read and rejected",
                    [
                        watched.of_runs(RunMetric.RECORDS_READ, "Sum", _HOUR),
                        watched.of_runs(RunMetric.RECORDS_REJECTED, "Sum", _HOUR),
                    ],
                ),
                _graph(
                    "Score, and what it is above the live or base model",
                    [
                        watched.of_runs(RunMetric.SCORE, "Average", _HOUR),
                        watched.of_runs(RunMetric.SCORE_DIFFERENCE, "Average", _HOUR),
                    ],
                ),
                _graph("Dead letters", watched.of_queues()),
            ],
            [
                _graph(
                    "Estimated cost of runs, US dollars a day",
                    [watched.of_runs(RunMetric.ESTIMATED_COST, "Sum", _DAY)],
                ),
                *(_jobs(watched) if watched.has_jobs else ()),
            ],
            *([[_throughput(watched)]] if watched.has_throughput else []),
        ],
    )


def _times(watched: Watched) -> list[cloudwatch.IMetric]:
    shown = [RunMetric.RUN_TIME, *([RunMetric.TRAINING_TIME] if watched.has_jobs else [])]
    return [watched.of_runs(metric, "Average", _HOUR) for metric in shown]


def _stages(watched: Watched) -> list[cloudwatch.IMetric]:
    """Return the time of each function that runs invoke."""
    pipeline = watched.pipeline.state_machine.state_machine_name
    handlers = {one.handler: None for one in watched.functions if one not in watched.unseen}
    return [
        cloudwatch.Metric(
            namespace=METRIC_NAMESPACE,
            metric_name=StageMetric.DURATION.value,
            dimensions_map={"Pipeline": pipeline, "Stage": handler.value},
            statistic="Average",
            period=_HOUR,
            label=handler.value,
        )
        for handler in handlers
    ]


def _jobs(watched: Watched) -> list[cloudwatch.GraphWidget]:
    return [
        _graph(
            "Running job: age, and time without progress",
            [
                watched.of_runs(RunMetric.JOB_AGE, "Maximum", _HOUR),
                watched.of_runs(RunMetric.JOB_IDLE_TIME, "Maximum", _HOUR),
            ],
        ),
        _graph("Losses as jobs end", _losses(watched)),
    ]


def _losses(watched: Watched) -> list[cloudwatch.IMetric]:
    return [
        cloudwatch.Metric(
            namespace=METRIC_NAMESPACE,
            metric_name=metric.value,
            dimensions_map={"Pipeline": watched.pipeline.state_machine.state_machine_name},
            statistic="Average",
            period=_HOUR,
        )
        for metric in TrainingMetric
    ]


def _throughput(watched: Watched) -> cloudwatch.GraphWidget:
    metrics = (RunMetric.MODEL_UNITS, RunMetric.IDLE_MODEL_UNITS)
    return _graph(
        "Model units that are billed", [watched.of_runs(one, "Maximum", _HOUR) for one in metrics]
    )


def _graph(title: str, left: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=left, width=_WIDTH, height=_HEIGHT)
