"""Metric alarms: looked at when somebody asks, and told of to topics as CloudWatch tells.

moto keeps alarms and never looks at them. Simplified against AWS: periods end at the moment of the
look instead of on the minute, composite alarms and anomaly bands are not looked at, and of metric
math there are `SUM(METRICS())` and `MAX(METRICS())`.
"""

import json
import logging
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from moto.cloudwatch.models import cloudwatch_backends

from bedrock_customization_local.cloud.cloudwatch.metrics import Metrics, statistic
from bedrock_customization_local.cloud.untyped import Client, Moto

_log = logging.getLogger(__name__)
_SERVICE = "cloudwatch.amazonaws.com"
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_MATH: Mapping[str, Callable[[Sequence[float]], float]] = {
    "SUM(METRICS())": sum,
    "MAX(METRICS())": max,
}


class Publishers(Protocol):
    """Decides which services may publish to a topic."""

    def require_to_publish(self, service: str, topic_arn: str, context: Mapping[str, str]) -> None:
        """Return if a service may; raise if not."""


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm that went from one state to another.

    Args:
        name: Of the alarm.
        state: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
        undelivered: The actions that failed, each with why.
    """

    name: str
    state: str
    undelivered: tuple[str, ...]


class Alarms:
    """The alarms of one account in one Region.

    Args:
        metrics: What they look at.
        publishers: Decides whether CloudWatch may publish to a topic.
        client: Makes clients of the plane by boto3 service name.
        region: AWS Region.
        account_id: Twelve digits.
    """

    def __init__(
        self,
        *,
        metrics: Metrics,
        publishers: Publishers,
        client: Callable[[str], Client],
        region: str,
        account_id: str,
    ) -> None:
        self._metrics, self._publishers, self._client = metrics, publishers, client
        self._region, self._account_id = region, account_id

    def evaluate(self, now: datetime | None = None) -> list[Change]:
        """Look at every metric alarm once, and do what those that change state are to do.

        Args:
            now: When the last period ends; None for the time of day.

        Returns:
            What changed.
        """
        self._metrics.sample_queues()
        now = now or datetime.now(UTC)
        backend = cloudwatch_backends[self._account_id][self._region]
        changes = []
        for alarm in [one for one in list(backend.alarms.values()) if one.rule is None]:
            points = self._points(alarm, now)
            state = _state(alarm, points)
            if state != alarm.state_value:
                changes.append(self._change(alarm, state, points))
        return changes

    def _points(self, alarm: Moto, now: datetime) -> list[float | None]:
        """Return the alarm's value in each of its periods, the newest first."""
        queries = alarm.metric_data_queries
        period = timedelta(seconds=int(alarm.period or _period(queries)))
        return [
            self._value(alarm, now - period * (number + 1), now - period * number)
            for number in range(int(alarm.evaluation_periods))
        ]

    def _value(self, alarm: Moto, since: datetime, until: datetime) -> float | None:
        if not alarm.metric_data_queries:
            found = self._metrics.between(
                alarm.namespace, alarm.metric_name, _named(alarm.dimensions), since, until
            )
            return statistic(alarm.statistic, found)
        parts = [
            statistic(
                one.metric_stat.stat,
                self._metrics.between(
                    one.metric_stat.metric.namespace,
                    one.metric_stat.metric.metric_name,
                    _named(one.metric_stat.metric.dimensions),
                    since,
                    until,
                ),
            )
            for one in alarm.metric_data_queries
            if one.metric_stat
        ]
        given = [part for part in parts if part is not None]
        (expression,) = (one.expression for one in alarm.metric_data_queries if one.expression)
        if expression not in _MATH:
            raise NotImplementedError(f"metric math {expression} is not emulated")
        return _MATH[expression](given) if given else None

    def _change(self, alarm: Moto, state: str, points: Sequence[float | None]) -> Change:
        before = alarm.state_value
        shown = ", ".join("missing" if point is None else f"{point:g}" for point in points)
        reason = f"Threshold Crossed: {alarm.threshold:g} and the datapoints [{shown}]"
        alarm.update_state(reason, json.dumps({"recentDatapoints": list(points)}), state)
        actions = {
            "ALARM": alarm.alarm_actions,
            "OK": alarm.ok_actions,
            "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
        }[state]
        failed = []
        for arn in actions if alarm.actions_enabled else ():
            try:
                self._tell(alarm, arn, before)
            except Exception as error:  # noqa: BLE001 - CloudWatch goes on with other actions
                _log.warning("alarm %s could not tell %s: %s", alarm.name, arn, error)
                failed.append(f"{arn}: {error}")
        return Change(alarm.name, state, tuple(failed))

    def _tell(self, alarm: Moto, topic: str, before: str) -> None:
        if topic.split(":")[2] != "sns":
            raise NotImplementedError("actions other than topics are not emulated")
        context = {
            "aws:SourceArn": alarm.alarm_arn,
            "aws:SourceAccount": self._account_id,
            # By which the policy that SNS gives a topic of its own accord knows CloudWatch.
            "AWS:SourceOwner": self._account_id,
        }
        self._publishers.require_to_publish(_SERVICE, topic, context)
        self._client("sns").publish(
            TopicArn=topic,
            Subject=f'{alarm.state_value}: "{alarm.name}" in {self._region}'[:100],
            Message=json.dumps(self._message(alarm, before)),
        )

    def _message(self, alarm: Moto, before: str) -> dict[str, Any]:
        return {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": self._account_id,
            "AlarmArn": alarm.alarm_arn,
            "NewStateValue": alarm.state_value,
            "NewStateReason": alarm.state_reason,
            "StateChangeTime": alarm.state_updated_timestamp.isoformat(),
            "Region": self._region,
            "OldStateValue": before,
        }


def _state(alarm: Moto, points: Sequence[float | None]) -> str:
    """Return the state that the values of the periods put an alarm in."""
    breaches = _COMPARISONS[alarm.comparison_operator]
    missing = alarm.treat_missing_data or "missing"
    known = [point for point in points if point is not None]
    if not known and missing in {"missing", "ignore"}:
        return "INSUFFICIENT_DATA" if missing == "missing" else str(alarm.state_value)
    breaching = sum(breaches(point, float(alarm.threshold)) for point in known)
    if missing == "breaching":
        breaching += len(points) - len(known)
    return "ALARM" if breaching >= int(alarm.datapoints_to_alarm or len(points)) else "OK"


def _period(queries: Sequence[Moto]) -> str:
    periods = {str(one.metric_stat.period) for one in queries if one.metric_stat}
    if len(periods) != 1:
        raise NotImplementedError("alarms on metrics of several periods are not emulated")
    return periods.pop()


def _named(dimensions: Sequence[Moto]) -> dict[str, str]:
    return {one.name: one.value for one in dimensions}
