"""What a finished customization job tells: its model and its losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest, times
from bedrock_customization_runtime.customization import diagnosis, loss_curves, training_metrics
from bedrock_customization_runtime.errors import CustomizationFailed, CustomizationStopped
from bedrock_customization_runtime.manifest import CustomizationSection, DiagnosisSection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import GetModelCustomizationJobResponseTypeDef
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import Customization, RecordJob
    from bedrock_customization_runtime.manifest import CurvePoint


def record(
    bedrock: BedrockClient, s3: S3Client, cloudwatch: CloudWatchClient, event: RecordJob
) -> Customization:
    """Write a completed job into the run's manifest and its losses into CloudWatch.

    Repeated until the model is Active.

    Raises:
        CustomizationFailed: The job did not complete, or its model failed.
        CustomizationStopped: Somebody stopped the job.
    """
    run = event["run"]
    section = describe(bedrock, s3, event["job"]["name"])
    status = model_status(bedrock, section.model_arn)
    manifest.update(s3, run["manifest"], lambda found: replace(found, customization=section))
    # The step is repeated until the model is Active, and a job counts once.
    if status == "Active":
        training_metrics.publish(
            cloudwatch,
            execution_arn=run["execution_arn"],
            job_name=section.job_name,
            ended=section.ended,
            training=section.training_curve,
            validation=section.validation_curve,
        )
    return {
        "job_arn": section.job_arn,
        "model_arn": section.model_arn,
        "model_status": status,
    }


def describe(bedrock: BedrockClient, s3: S3Client, job_name: str) -> CustomizationSection:
    """Return what the manifest keeps of a completed job.

    Raises:
        CustomizationFailed: The job did not complete.
        CustomizationStopped: Somebody stopped it.
    """
    job = bedrock.get_model_customization_job(jobIdentifier=job_name)
    if job["status"] != "Completed":
        stopped = job["status"] == "Stopped"
        raise (CustomizationStopped if stopped else CustomizationFailed)(
            f"job {job_name} ended as {job['status']}: "
            f"{job.get('failureMessage') or 'no reason given'}"
        )
    training, validation = loss_curves.read_losses(s3, job)
    customization_type = job.get("customizationType", "FINE_TUNING")
    return CustomizationSection(
        job_name=job["jobName"],
        job_arn=job["jobArn"],
        model_arn=job["outputModelArn"],
        customization_type=customization_type,
        hyperparameters=_hyperparameters(job),
        started=times.iso(job["creationTime"]),
        ended=times.iso(job["endTime"]),
        training_curve=loss_curves.finite(training),
        validation_curve=loss_curves.finite(validation),
        diagnosis=diagnosis_of(customization_type, training, validation),
    )


def diagnosis_of(
    customization_type: str, training: Sequence[CurvePoint], validation: Sequence[CurvePoint]
) -> DiagnosisSection | None:
    """Return what the losses of a job say, or None where its method makes them say nothing."""
    if customization_type == catalog.Method.REINFORCEMENT_FINE_TUNING:
        return None
    found = diagnosis.diagnose(
        [point.loss for point in training], [point.loss for point in validation]
    )
    return DiagnosisSection(
        verdict=found.verdict.value, rule=found.rule, message=found.message, advice=found.advice
    )


def model_status(bedrock: BedrockClient, model_arn: str) -> Literal["Creating", "Active"]:
    """Return whether the custom model can be deployed yet.

    Raises:
        CustomizationFailed: It never will be.
    """
    model = bedrock.get_custom_model(modelIdentifier=model_arn)
    # Models made before the service had this member carry none, and are usable.
    status = model.get("modelStatus", "Active")
    if status == "Failed":
        raise CustomizationFailed(
            f"model {model_arn} failed: {model.get('failureMessage') or 'no reason given'}"
        )
    return "Active" if status == "Active" else "Creating"


def _hyperparameters(job: GetModelCustomizationJobResponseTypeDef) -> dict[str, str]:
    """Return all, as text; those of reinforcement stand elsewhere and are numbers."""
    typed = job.get("customizationConfig", {}).get("rftConfig", {}).get("hyperParameters", {})
    numbers = cast("Mapping[str, int | float | str]", typed)
    rendered = {name: catalog.rendered(value) for name, value in numbers.items()}
    return {**job.get("hyperParameters", {}), **rendered}
