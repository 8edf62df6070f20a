"""Metrics in moto's CloudWatch: those of AWS's services, and those that logs hold."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import MetricAggregatedDatum, MetricDatum, cloudwatch_backends
from moto.sqs.models import sqs_backends

from bedrock_customization_local.cloud.untyped import Moto

_EMBEDDED = '"_aws"'


class Metrics:
    """The metrics of one account in one Region.

    Args:
        region: AWS Region.
        account_id: Twelve digits.
    """

    def __init__(self, *, region: str, account_id: str) -> None:
        self._region, self._account_id = region, account_id

    def put(self, namespace: str, name: str, value: float, dimensions: Mapping[str, str]) -> None:
        """Keep a value of a metric, as of now."""
        named = [{"Name": key, "Value": text} for key, text in dimensions.items()]
        # Not by PutMetricData, which refuses the namespaces of AWS's own services.
        self._backend.metric_data.append(MetricDatum(namespace, name, value, named, None))

    def read(self, line: str) -> None:
        """Keep the metrics that a line of a log holds in the embedded metric format, if any."""
        if _EMBEDDED not in line:
            return
        try:
            document = json.loads(line)
        except ValueError:
            return
        for directive in document["_aws"].get("CloudWatchMetrics", ()):
            for names in directive["Dimensions"]:
                dimensions = {name: str(document[name]) for name in names}
                for metric in directive["Metrics"]:
                    value = float(document[metric["Name"]])
                    self.put(directive["Namespace"], metric["Name"], value, dimensions)

    def sample_queues(self) -> None:
        """Look how many messages wait in each queue, as SQS does each minute."""
        for queue in list(sqs_backends[self._account_id][self._region].queues.values()):
            self.put(
                "AWS/SQS",
                "ApproximateNumberOfMessagesVisible",
                queue.approximate_number_of_messages,
                {"QueueName": queue.name},
            )

    def between(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        since: datetime,
        until: datetime,
    ) -> list[float]:
        """Return the values of a metric after one moment and until another, dimensions exact."""
        return [
            value
            for datum in list(self._backend.metric_data)
            if datum.namespace == namespace
            and datum.name == name
            and {one.name: one.value for one in datum.dimensions} == dimensions
            and since < _aware(datum.timestamp) <= until
            for value in _values(datum)
        ]

    def known(self) -> set[tuple[str, str, frozenset[tuple[str, str]]]]:
        """Return namespace, name and dimensions of every metric that has a value."""
        return {
            (one.namespace, one.name, frozenset((each.name, each.value) for each in one.dimensions))
            for one in list(self._backend.metric_data)
        }

    @property
    def _backend(self) -> Moto:
        return cloudwatch_backends[self._account_id][self._region]


def statistic(name: str, values: Sequence[float]) -> float | None:
    """Return a statistic of the values of one period, None where there are none.

    Raises:
        NotImplementedError: The statistic is not emulated.
    """
    if not values:
        return None
    match name:
        case "Sum":
            return sum(values)
        case "Average":
            return sum(values) / len(values)
        case "Minimum":
            return min(values)
        case "Maximum":
            return max(values)
        case "SampleCount":
            return len(values)
    raise NotImplementedError(f"statistic {name} is not emulated")


def _values(datum: Any) -> Iterator[float]:  # noqa: ANN401 - of moto
    if isinstance(datum, MetricAggregatedDatum):
        raise NotImplementedError("alarms on statistic sets are not emulated")
    yield datum.value


def _aware(moment: datetime) -> datetime:
    """Return a time of moto's, which are UTC whether they say so or not."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
