"""Value objects for a metric that needs more than a name: a function of your own, a database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Token

from bedrock_customization._access import Place, Right, reading
from bedrock_customization_runtime.contract import MetricName

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_, aws_s3 as s3

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True, slots=True)
class LambdaMetric:
    """A metric that a function of your own computes (docs/metrics.md has its event).

    Args:
        function: Is given references and answers in batches, and returns a score in [0, 1] for
            each. It needs no rights of the pipeline's, and sees the blind set.
        name: How the metric is called in reports.
        binary: Whether a score is either 0 or 1, which allows an exact test.

    Raises:
        ValueError: The name is none, or that of a metric that exists.
    """

    function: lambda_.IFunction
    name: str
    binary: bool = False

    def __post_init__(self) -> None:
        """Check the name."""
        if not _NAME.fullmatch(self.name) or self.name in list(MetricName):
            raise ValueError(
                f"name must be up to 40 small letters, digits and underscores, a letter first, and "
                f"none of {', '.join(MetricName)}, got {self.name!r}: rename it"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionAccuracy:
    """The metric `execution_accuracy`: do answers, as SQL, find the rows that references find?

    Args:
        bucket: Holds the database.
        key: Of the database, a SQLite file of at most a few hundred megabytes; statements are run
            on a copy that nothing can be written to.

    Raises:
        ValueError: The key is empty or ends in a slash.
    """

    bucket: s3.IBucket
    key: str

    def __post_init__(self) -> None:
        """Check the key."""
        if not Token.is_unresolved(self.key) and (not self.key or self.key.endswith("/")):
            raise ValueError(
                f"key must be that of a SQLite file, got {self.key!r}: name the object"
            )


Metric = MetricName | LambdaMetric | ExecutionAccuracy


def metric_input(metric: Metric) -> dict[str, object]:
    """Return what the function that compares answers is told of a metric."""
    match metric:
        case LambdaMetric():
            own = {
                "name": metric.name,
                "function_arn": metric.function.function_arn,
                "binary": metric.binary,
            }
            return {"metric": metric.name, "own_metric": own}
        case ExecutionAccuracy():
            return {
                "metric": MetricName.EXECUTION_ACCURACY.value,
                "database": f"s3://{metric.bucket.bucket_name}/{metric.key}",
            }
    name = MetricName(metric)
    if name is MetricName.EXECUTION_ACCURACY:
        raise ValueError(
            "metric execution_accuracy needs a database: give ExecutionAccuracy(bucket=…, key=…)"
        )
    return {"metric": name.value}


def metric_rights(metric: Metric) -> list[Right]:
    """Return the rights that computing a metric takes."""
    match metric:
        case LambdaMetric():
            return [
                Right(actions=["lambda:InvokeFunction"], resources=[metric.function.function_arn])
            ]
        case ExecutionAccuracy():
            key = metric.bucket.encryption_key
            place = Place(bucket_arn=metric.bucket.bucket_arn, key_arn=key.key_arn if key else None)
            return reading(place, metric.key)
    return []
