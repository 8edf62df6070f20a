"""The losses of customization jobs as metrics in CloudWatch, for dashboards and alarms.

Bedrock publishes none. Each job gives one value of each, as it ended: under the dimension
`Pipeline`, the state machine's name, and once more under `Pipeline` and `Job`.
"""

from __future__ import annotations

import logging
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_runtime.contract import METRIC_NAMESPACE, TrainingMetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDatumTypeDef

    from bedrock_customization_runtime.manifest import CurvePoint

# CloudWatch takes no older value; a day less, because clocks differ.
_OLDEST = timedelta(days=13)

logger = logging.getLogger(__name__)


def publish(
    cloudwatch: CloudWatchClient,
    *,
    execution_arn: str,
    job_name: str,
    ended: str,
    training: Sequence[CurvePoint],
    validation: Sequence[CurvePoint],
) -> None:
    """Publish the last losses of a job; what is missing or no finite number is left out.

    CloudWatch being out of reach is logged and does not matter: a job that was paid for must not
    fail for a metric.

    Args:
        cloudwatch: Client.
        execution_arn: The run, whose state machine's name stands for the pipeline.
        job_name: The job.
        ended: When the job ended, ISO 8601.
        training: Its training losses.
        validation: Its validation losses; empty without a validation set.
    """
    pipeline: DimensionTypeDef = {"Name": "Pipeline", "Value": execution_arn.split(":")[6]}
    values: list[MetricDatumTypeDef] = [
        {"MetricName": metric.value, "Value": points[-1].loss, "Timestamp": _moment(ended)}
        for metric, points in (
            (TrainingMetric.TRAINING_LOSS, training),
            (TrainingMetric.VALIDATION_LOSS, validation),
        )
        if points and math.isfinite(points[-1].loss)
    ]
    if not values:
        return
    job: DimensionTypeDef = {"Name": "Job", "Value": job_name}
    data: list[MetricDatumTypeDef] = [
        {**value, "Dimensions": dimensions}
        for value in values
        for dimensions in ([pipeline], [pipeline, job])
    ]
    try:
        cloudwatch.put_metric_data(Namespace=METRIC_NAMESPACE, MetricData=data)
    except (BotoCoreError, ClientError) as error:
        logger.warning("the losses of %s were not published: %s", job_name, type(error).__name__)


def _moment(ended: str) -> datetime:
    """Return when a job ended, as far back as CloudWatch looks."""
    now = datetime.now(UTC)
    return min(max(datetime.fromisoformat(ended), now - _OLDEST), now)
