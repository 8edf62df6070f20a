"""Losses in CloudWatch."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime.customization import training_metrics
from bedrock_customization_runtime.manifest import CurvePoint

ARN = "arn:aws:states:us-east-1:123456789012:execution:Tuning:run"
ENDED = datetime.now(UTC) - timedelta(hours=1)


class CloudWatch:
    def __init__(self, error=None):
        self.calls, self.error = [], error

    def put_metric_data(self, *, Namespace, MetricData):
        if self.error:
            raise self.error
        self.calls.append((Namespace, MetricData))


def publish(cloudwatch, *, ended=ENDED, training=(2.0, 0.5), validation=(0.7,)):
    def curve(losses):
        return [CurvePoint(step=step, epoch=0, loss=loss) for step, loss in enumerate(losses)]

    training_metrics.publish(
        cloudwatch,
        execution_arn=ARN,
        job_name="job",
        ended=ended.isoformat(),
        training=curve(training),
        validation=curve(validation),
    )


def test_a_job_gives_its_last_losses_by_pipeline_and_by_job(make_client):
    cloudwatch = make_client("cloudwatch")
    publish(cloudwatch)
    for dimensions in (
        [{"Name": "Pipeline", "Value": "Tuning"}],
        [{"Name": "Pipeline", "Value": "Tuning"}, {"Name": "Job", "Value": "job"}],
    ):
        for metric, loss in (("TrainingLoss", 0.5), ("ValidationLoss", 0.7)):
            (point,) = cloudwatch.get_metric_statistics(
                Namespace="BedrockCustomization",
                MetricName=metric,
                Dimensions=dimensions,
                StartTime=ENDED - timedelta(minutes=5),
                EndTime=ENDED + timedelta(minutes=5),
                Period=600,
                Statistics=["Average"],
            )["Datapoints"]
            assert point["Average"] == pytest.approx(loss)


def test_a_loss_that_is_no_number_or_missing_is_not_published():
    cloudwatch = CloudWatch()
    publish(cloudwatch, training=(1.0, math.nan), validation=())
    assert cloudwatch.calls == []


@pytest.mark.parametrize(("ended", "days"), [(timedelta(days=-40), 13), (timedelta(days=2), 0)])
def test_a_time_that_cloudwatch_would_refuse_is_moved(ended, days):
    cloudwatch = CloudWatch()
    publish(cloudwatch, ended=datetime.now(UTC) + ended)
    ((_, data),) = cloudwatch.calls
    age = datetime.now(UTC) - data[0]["Timestamp"]
    assert timedelta(days=days) <= age < timedelta(days=days, minutes=5)


def test_cloudwatch_out_of_reach_fails_no_job():
    publish(CloudWatch(ClientError({"Error": {"Code": "AccessDenied"}}, "PutMetricData")))
