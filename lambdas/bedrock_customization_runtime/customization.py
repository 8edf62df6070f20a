"""What a finished customization job tells: its model and its losses."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Literal, cast

from bedrock_customization_runtime import catalog, storage, times
from bedrock_customization_runtime.errors import CustomizationFailed, CustomizationStopped
from bedrock_customization_runtime.manifest import CurvePoint, CustomizationSection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import GetModelCustomizationJobResponseTypeDef
    from mypy_boto3_s3 import S3Client

MAXIMUM_POINTS = 200
_TRAINING = ("step_wise_training_metrics.csv", "training_loss")
# Documents and samples disagree on the folder, so the file is found by its name.
_VALIDATION = ("validation_metrics.csv", "validation_loss")


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
    files = _metric_files(s3, job)
    return CustomizationSection(
        job_name=job["jobName"],
        job_arn=job["jobArn"],
        model_arn=job["outputModelArn"],
        customization_type=job.get("customizationType", "FINE_TUNING"),
        hyperparameters=_hyperparameters(job),
        started=times.iso(job["creationTime"]),
        ended=times.iso(job["endTime"]),
        training_curve=_curve(s3, files, *_TRAINING),
        validation_curve=_curve(s3, files, *_VALIDATION),
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


def _metric_files(s3: S3Client, job: GetModelCustomizationJobResponseTypeDef) -> list[str]:
    """Return the URIs of the job's output files; Bedrock puts them below the job's own id."""
    prefix = storage.S3Uri.parse(job["outputDataConfig"]["s3Uri"].rstrip("/"))
    job_id = job["jobArn"].rpartition("/")[2]
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=prefix.bucket, Prefix=f"{prefix.key}/model-customization-job-{job_id}/"
    )
    return [
        f"s3://{prefix.bucket}/{item['Key']}" for page in pages for item in page.get("Contents", [])
    ]


def _curve(s3: S3Client, files: list[str], name: str, column: str) -> list[CurvePoint]:
    found = [uri for uri in files if uri.endswith(f"/{name}")]
    if not found:
        return []
    rows = csv.DictReader(io.StringIO(storage.read(s3, found[0]).decode()))
    points = [
        CurvePoint(
            step=int(row["step_number"]), epoch=int(row["epoch_number"]), loss=float(row[column])
        )
        for row in rows
    ]
    return _thinned([point for point in points if math.isfinite(point.loss)])


def _thinned(points: list[CurvePoint]) -> list[CurvePoint]:
    """Return at most `MAXIMUM_POINTS` evenly spread points, first and last included."""
    if len(points) <= MAXIMUM_POINTS:
        return points
    stride = (len(points) - 1) / (MAXIMUM_POINTS - 1)
    return [points[round(index * stride)] for index in range(MAXIMUM_POINTS)]
