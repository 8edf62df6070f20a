"""The alarms of a pipeline: what each looks at, from when on, and which runbook ends it.

Only `monitoring` imports this: `aws_cdk.aws_cloudwatch` takes time that no other synth should pay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

from aws_cdk import (
    Duration,
    aws_cloudwatch as cloudwatch,
    aws_cloudwatch_actions as actions,
    aws_events as events,
    aws_sns as sns,
    aws_sqs as sqs,
)
from constructs import Construct

from bedrock_customization._function import HandlerFunction
from bedrock_customization.phases.customization import ModelCustomization
from bedrock_customization.phases.throughput_expiry import ThroughputExpiry
from bedrock_customization_runtime.contract import METRIC_NAMESPACE, Handler
from bedrock_customization_runtime.contract.monitoring import RunMetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization._pipeline import Pipeline

_SOON = Duration.minutes(5)
_QUARTER, _HOUR, _DAY = Duration.minutes(15), Duration.hours(1), Duration.days(1)
_METRICS_OF_AN_ALARM = 10
_NOT_BREACHING = cloudwatch.TreatMissingData.NOT_BREACHING
_ASKED_BY_PEOPLE = frozenset({Handler.DECIDE_APPROVAL})
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """From when on people are told.

    Args:
        daily_cost_usd: Estimated cost of the runs of a day.
        job: Age of a running job.
        idle_job: Time of a running job without progress.
        idle_throughput: Time of a throughput without an invocation.
    """

    daily_cost_usd: float
    job: Duration
    idle_job: Duration
    idle_throughput: Duration


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What a pipeline is made of, as metrics know it.

    Args:
        pipeline: The pipeline.
        functions: All of its functions.
        unseen: Those of them that no run waits for, so that their errors show nowhere else.
        queues: Of dead letters, its own and those of its monitoring.
        rules: Likewise.
        lost_keys: The rule of keys that go out of use.
        has_jobs: Whether it trains, or imports what was trained elsewhere.
        has_throughput: Whether it buys provisioned throughput.
    """

    pipeline: Pipeline
    functions: Sequence[HandlerFunction]
    unseen: Sequence[HandlerFunction]
    queues: Sequence[sqs.Queue]
    rules: Sequence[events.Rule]
    lost_keys: events.Rule
    has_jobs: bool
    has_throughput: bool

    @classmethod
    def of(cls, pipeline: Pipeline, scopes: Sequence[Construct], lost_keys: events.Rule) -> Self:
        """Find what is below some scopes."""
        found = list(chain.from_iterable(scope.node.find_all() for scope in scopes))
        functions = [one for one in found if isinstance(one, HandlerFunction)]
        return cls(
            pipeline=pipeline,
            functions=functions,
            unseen=[one for one in functions if one.is_unseen or one.handler in _ASKED_BY_PEOPLE],
            queues=[one for one in found if isinstance(one, sqs.Queue)],
            rules=[one for one in found if isinstance(one, events.Rule)],
            lost_keys=lost_keys,
            has_jobs=any(isinstance(one, ModelCustomization) for one in found),
            has_throughput=any(isinstance(one, ThroughputExpiry) for one in found),
        )

    def of_runs(self, metric: RunMetric, statistic: str, period: Duration) -> cloudwatch.Metric:
        """Return a metric that the functions write."""
        return cloudwatch.Metric(
            namespace=METRIC_NAMESPACE,
            metric_name=metric.value,
            dimensions_map={"Pipeline": self.pipeline.state_machine.state_machine_name},
            statistic=statistic,
            period=period,
        )

    def of_executions(self, name: str) -> cloudwatch.Metric:
        """Return a metric of the state machine."""
        return self.pipeline.metric(name, period=_SOON)

    def of_functions(
        self, name: str, functions: Sequence[HandlerFunction]
    ) -> list[cloudwatch.IMetric]:
        """Return a metric of Lambda for each of some functions."""
        return [
            _of("AWS/Lambda", name, FunctionName=one.function.function_name) for one in functions
        ]

    def of_queues(self) -> list[cloudwatch.IMetric]:
        """Return how many dead letters wait, by queue."""
        return [
            _of(
                "AWS/SQS",
                "ApproximateNumberOfMessagesVisible",
                "Maximum",
                QueueName=one.queue_name,
            )
            for one in self.queues
        ]

    def of_rules(self) -> list[cloudwatch.IMetric]:
        """Return how many events could not be delivered, by rule."""
        return [
            _of("AWS/Events", "FailedInvocations", RuleName=one.rule_name) for one in self.rules
        ]

    def of_topic(self, topic: sns.ITopic) -> cloudwatch.Metric:
        """Return how many notifications reached nobody."""
        return _of("AWS/SNS", "NumberOfNotificationsFailed", TopicName=topic.topic_name)

    def of_lost_keys(self) -> cloudwatch.Metric:
        """Return how often a key was to go out of use."""
        return _of("AWS/Events", "TriggeredRules", RuleName=self.lost_keys.rule_name)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Condition:
    """One alarm before it is defined: metrics whose sum is compared with a threshold."""

    id: str
    what: str
    metrics: Sequence[cloudwatch.IMetric]
    threshold: float = 1
    periods: int = 1
    comparison: cloudwatch.ComparisonOperator = (
        cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
    )


def define_alarms(
    scope: Construct, watched: Watched, limits: Limits, *, topic: sns.ITopic, runbooks: str
) -> dict[str, cloudwatch.Alarm]:
    """Define the alarms of a pipeline, and return them by id.

    Args:
        scope: Parent.
        watched: What they look at.
        limits: From when on they tell.
        topic: Whom.
        runbooks: What stands before the names of runbooks.
    """
    parent, action = Construct(scope, "Alarms"), actions.SnsAction(topic)
    found = {}
    conditions = [
        *_of_runs(watched),
        *_of_machinery(watched, topic),
        *(_of_jobs(watched, limits) if watched.has_jobs else ()),
        *_of_results(watched, limits),
        *(_of_throughput(watched, limits) if watched.has_throughput else ()),
    ]
    for condition in conditions:
        # Metric math takes so many metrics in one alarm.
        for number, metrics in enumerate(_parts_of(condition.metrics), 1):
            name = condition.id if number == 1 else f"{condition.id}{number}"
            page = _WORD.sub("-", condition.id).lower()
            alarm = cloudwatch.Alarm(
                parent,
                name,
                metric=metrics[0] if len(metrics) == 1 else _sum(metrics),
                alarm_description=f"{condition.what}. Runbook: {runbooks}/{page}.md",
                threshold=condition.threshold,
                evaluation_periods=condition.periods,
                comparison_operator=condition.comparison,
                treat_missing_data=_NOT_BREACHING,
            )
            alarm.add_alarm_action(action)
            found[name] = alarm
    return found


def _of_runs(watched: Watched) -> list[_Condition]:
    return [
        _Condition(id=name, what=what, metrics=[watched.of_executions(metric)])
        for name, metric, what in (
            ("RunFailed", "ExecutionsFailed", "A run failed"),
            ("RunTimedOut", "ExecutionsTimedOut", "A run took longer than its machine may"),
            ("RunAborted", "ExecutionsAborted", "Somebody stopped a run"),
            ("RunThrottled", "ExecutionThrottled", "Step Functions slows runs down"),
        )
    ]


def _of_machinery(watched: Watched, topic: sns.ITopic) -> list[_Condition]:
    topics = {one.topic_arn: one for one in (watched.pipeline.topic, topic)}.values()
    return [
        _Condition(
            id="FunctionErrors",
            what="A function that no run waits for failed",
            # An error of the others is one of their run, and "End failed run" always raises one.
            metrics=watched.of_functions("Errors", watched.unseen),
        ),
        _Condition(
            id="FunctionThrottles",
            what="Lambda refused to run a function for lack of concurrency",
            metrics=watched.of_functions("Throttles", watched.functions),
        ),
        _Condition(
            id="DeadLetters",
            what="An event was given up: its clean-up or its notification did not happen",
            metrics=watched.of_queues(),
        ),
        _Condition(
            id="EventsUndelivered",
            what="EventBridge could not deliver an event to its target",
            metrics=watched.of_rules(),
        ),
        _Condition(
            id="NotificationsFailed",
            what="A subscriber of a topic could not be told",
            metrics=[watched.of_topic(one) for one in topics],
        ),
        _Condition(
            id="KeyEndangered",
            what="A key that runs need was disabled, or is to be deleted",
            metrics=[watched.of_lost_keys()],
        ),
    ]


def _of_jobs(watched: Watched, limits: Limits) -> list[_Condition]:
    return [
        _Condition(
            id="JobStalled",
            what="A customization job makes no progress",
            metrics=[watched.of_runs(RunMetric.JOB_IDLE_TIME, "Maximum", _QUARTER)],
            threshold=limits.idle_job.to_seconds(),
        ),
        _Condition(
            id="JobTooOld",
            what="A customization job has been running for long",
            metrics=[watched.of_runs(RunMetric.JOB_AGE, "Maximum", _QUARTER)],
            threshold=limits.job.to_seconds(),
        ),
    ]


def _of_results(watched: Watched, limits: Limits) -> list[_Condition]:
    return [
        _Condition(
            id="ScoreRegressed",
            what="A candidate scored below what is live, or below the base model",
            metrics=[watched.of_runs(RunMetric.SCORE_DIFFERENCE, "Minimum", _HOUR)],
            threshold=0,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        ),
        _Condition(
            id="CostTooHigh",
            what="The runs of a day are estimated to cost more than wanted",
            metrics=[watched.of_runs(RunMetric.ESTIMATED_COST, "Sum", _DAY)],
            threshold=limits.daily_cost_usd,
            comparison=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        ),
    ]


def _of_throughput(watched: Watched, limits: Limits) -> list[_Condition]:
    return [
        _Condition(
            id="ThroughputIdle",
            what="Provisioned throughput is billed and nobody invokes it",
            metrics=[watched.of_runs(RunMetric.IDLE_MODEL_UNITS, "Minimum", _HOUR)],
            periods=int(limits.idle_throughput.to_hours(integral=False)),
        ),
        _Condition(
            id="ThroughputOverdue",
            what="Provisioned throughput is still there an hour after its end",
            metrics=[watched.of_runs(RunMetric.THROUGHPUT_OVERDUE, "Maximum", _HOUR)],
            threshold=_HOUR.to_seconds(),
        ),
    ]


def _parts_of(metrics: Sequence[cloudwatch.IMetric]) -> list[Sequence[cloudwatch.IMetric]]:
    starts = range(0, len(metrics), _METRICS_OF_AN_ALARM)
    return [metrics[start : start + _METRICS_OF_AN_ALARM] for start in starts]


def _sum(metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        expression="SUM(METRICS())",
        using_metrics={f"m{number}": metric for number, metric in enumerate(metrics)},
        period=_SOON,
    )


def _of(
    namespace: str, name: str, statistic: str = "Sum", /, **dimensions: str
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=_SOON,
    )
