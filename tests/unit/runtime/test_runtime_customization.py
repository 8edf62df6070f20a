"""What a finished job tells. Bedrock, which costs money, is a few lines here."""

from datetime import UTC, datetime

import pytest

from bedrock_customization_runtime.customization import finished_job, loss_curves
from bedrock_customization_runtime.errors import CustomizationFailed, CustomizationStopped

JOB_ID = "amazon.nova-micro-v1:0:128k/abcdefghijkl"
OUTPUT = "jobs/run/customization/model-customization-job-abcdefghijkl"
STARTED, ENDED = datetime(2026, 11, 23, 1, tzinfo=UTC), datetime(2026, 11, 23, 5, tzinfo=UTC)


class Bedrock:
    def __init__(self, *, job=None, model=None):
        self.job = {
            "jobName": "job",
            "jobArn": f"arn:aws:bedrock:us-east-1:123456789012:model-customization-job/{JOB_ID}",
            "status": "Completed",
            "outputModelArn": "arn:model",
            "customizationType": "FINE_TUNING",
            "hyperParameters": {"epochCount": "2"},
            "creationTime": STARTED,
            "endTime": ENDED,
            "outputDataConfig": {"s3Uri": "s3://runtime-artifacts/jobs/run/customization/"},
            **(job or {}),
        }
        self.model = model or {}

    def get_model_customization_job(self, *, jobIdentifier):
        assert jobIdentifier == "job"
        return self.job

    def get_custom_model(self, *, modelIdentifier):
        assert modelIdentifier == "arn:model"
        return self.model


def put_losses(s3, key, column, losses):
    rows = [f"step_number,epoch_number,{column},perplexity"]
    rows += [f"{step},0,{loss},1.0" for step, loss in enumerate(losses)]
    s3.put_object(Bucket="runtime-artifacts", Key=f"{OUTPUT}/{key}", Body="\n".join(rows).encode())


def test_losses_are_found_wherever_bedrock_puts_the_files(s3):
    put_losses(s3, "training_artifacts/step_wise_training_metrics.csv", "training_loss", [2, 1])
    folder = "validation_artifacts/post_fine_tuning_validation/validation"
    put_losses(s3, f"{folder}/validation_metrics.csv", "validation_loss", [3])
    section = finished_job.describe(Bedrock(), s3, "job")
    assert [point.loss for point in section.training_curve] == [2, 1]
    assert [point.loss for point in section.validation_curve] == [3]
    assert section.started == "2026-11-23T01:00:00+00:00"


def test_a_long_curve_keeps_its_ends_and_losses_that_are_numbers(s3):
    losses = [*range(1000, 0, -1), "nan", "inf"]
    put_losses(s3, "training_artifacts/step_wise_training_metrics.csv", "training_loss", losses)
    curve = finished_job.describe(Bedrock(), s3, "job").training_curve
    assert len(curve) == loss_curves.MAXIMUM_POINTS
    assert (curve[0].loss, curve[-1].loss) == (1000, 1)


def test_hyperparameters_of_reinforcement_are_kept_as_text_like_all_others(s3):
    typed = {"epochCount": 2, "learningRate": 1e-5, "reasoningEffort": "low"}
    configuration = {"rftConfig": {"hyperParameters": typed}}
    bedrock = Bedrock(job={"hyperParameters": {}, "customizationConfig": configuration})
    assert finished_job.describe(bedrock, s3, "job").hyperparameters == {
        "epochCount": "2",
        "learningRate": "0.00001",
        "reasoningEffort": "low",
    }
    assert finished_job.describe(Bedrock(), s3, "job").hyperparameters == {"epochCount": "2"}


@pytest.mark.parametrize(
    ("status", "error"), [("Failed", CustomizationFailed), ("Stopped", CustomizationStopped)]
)
def test_a_job_that_did_not_complete_fails_the_run_with_bedrocks_words(s3, status, error):
    bedrock = Bedrock(job={"status": status, "failureMessage": "no capacity"})
    with pytest.raises(error, match=f"ended as {status}: no capacity"):
        finished_job.describe(bedrock, s3, "job")


@pytest.mark.parametrize(
    ("model", "status"),
    [
        ({"modelStatus": "Creating"}, "Creating"),
        ({"modelStatus": "Active"}, "Active"),
        ({}, "Active"),
    ],
)
def test_a_model_is_waited_for_until_it_is_active(model, status):
    assert finished_job.model_status(Bedrock(model=model), "arn:model") == status


def test_a_model_that_failed_fails_the_run():
    bedrock = Bedrock(model={"modelStatus": "Failed", "failureMessage": "key disabled"})
    with pytest.raises(CustomizationFailed, match="key disabled"):
        finished_job.model_status(bedrock, "arn:model")
