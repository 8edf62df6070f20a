"""What became of a candidate's job, however it ended, and what its losses say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import manifest, times
from bedrock_customization_runtime.contract import ErrorName
from bedrock_customization_runtime.customization import (
    finished_job,
    loss_curves,
    training_metrics,
    watch,
)
from bedrock_customization_runtime.customization.diagnosis import ADVICE, Verdict
from bedrock_customization_runtime.errors import InvalidInput
from bedrock_customization_runtime.manifest import DiagnosisSection, SweepCandidate
from bedrock_customization_runtime.sweeps import candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import GetModelCustomizationJobResponseTypeDef
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import CandidateOutcome, Failure, RecordCandidate

_RUNNING = {"InProgress", "Stopping"}
_MOST_POINTS = 50
_LONGEST_REASON = 256


def record(
    bedrock: BedrockClient, s3: S3Client, cloudwatch: CloudWatchClient, event: RecordCandidate
) -> CandidateOutcome:
    """Write what became of a candidate, however its job ended."""
    run, name, trouble = event["run"], event["job"]["name"], event.get("trouble")
    candidate = candidates.read(s3, run, event["job"]["number"])
    if candidate is None:
        raise InvalidInput(
            f"candidate {event['job']['number']} of {run['id']} was never proposed: start a new run"
        )
    job = _find_job(bedrock, name)
    if job is not None and job["status"] == "InProgress":
        watch.stop(bedrock, name)
        job = _find_job(bedrock, name)
    found = _outcome(replace(candidate, job_name=name), job, trouble)
    if found.status == "stopped" and event["redrives"] > candidate.redrives:
        # The end of the execution cut it off, and a redriven Map meets what is left of it.
        return {"number": candidate.number, "status": candidate.status}
    found = replace(found, redrives=event["redrives"])
    if job is not None:
        training, validation = loss_curves.read_losses(s3, job)
        found = replace(
            found,
            training_loss=_last(loss_curves.finite(training)),
            validation_loss=_validation_loss(job, validation),
            validation_curve=loss_curves.finite(validation, _MOST_POINTS),
            diagnosis=_diagnosis(found, job, training, validation),
        )
        training_metrics.publish(
            cloudwatch,
            execution_arn=run["execution_arn"],
            job_name=name,
            ended=times.now() if job["status"] in _RUNNING else times.iso(job["endTime"]),
            training=training,
            validation=validation,
        )
    candidates.write(s3, run, found)
    return {"number": found.number, "status": found.status}


def _find_job(bedrock: BedrockClient, name: str) -> GetModelCustomizationJobResponseTypeDef | None:
    try:
        return bedrock.get_model_customization_job(jobIdentifier=name)
    except bedrock.exceptions.ResourceNotFoundException:
        return None


def _outcome(
    one: SweepCandidate,
    job: GetModelCustomizationJobResponseTypeDef | None,
    trouble: Failure | None,
) -> SweepCandidate:
    if job is not None and job["status"] == "Completed":
        return replace(
            one,
            status="completed",
            job_arn=job["jobArn"],
            model_arn=job["outputModelArn"],
            failure=None,
        )
    error = trouble["error"] if trouble else ""
    arn = job["jobArn"] if job else None
    if error == ErrorName.CUSTOMIZATION_STALLED:
        return replace(one, status="stalled", job_arn=arn, failure=_reason(job, trouble))
    if error == ErrorName.CUSTOMIZATION_STOPPED_EARLY:
        return replace(one, status="stopped early", job_arn=arn, failure=_reason(job, trouble))
    stopped = job is not None and job["status"] in {"Stopping", "Stopped"}
    return replace(
        one,
        status="stopped" if stopped else "failed",
        job_arn=arn,
        failure=_reason(job, trouble),
    )


def _reason(job: GetModelCustomizationJobResponseTypeDef | None, trouble: Failure | None) -> str:
    """Return why there is no model: what Bedrock says, else the error that the state met."""
    if job is not None and job.get("failureMessage"):
        return job["failureMessage"][:_LONGEST_REASON]
    if trouble is None:
        return "no reason given"
    # What `.sync` leaves as a cause is the whole description of the job.
    if trouble["cause"].startswith("{"):
        return f"the job ended as {job['status']}" if job else trouble["error"]
    return f"{trouble['error']}: {trouble['cause']}"[:_LONGEST_REASON]


def _diagnosis(
    one: SweepCandidate,
    job: GetModelCustomizationJobResponseTypeDef,
    training: Sequence[manifest.CurvePoint],
    validation: Sequence[manifest.CurvePoint],
) -> DiagnosisSection | None:
    if not training and not validation:
        return None
    found = finished_job.diagnosis_of(
        job.get("customizationType", "FINE_TUNING"), training, validation
    )
    if one.status == "stopped early" and found and found.verdict != "diverged":
        return DiagnosisSection(
            verdict="overfit",
            rule="stopped-early",
            message="its validation loss had turned, and it was stopped",
            advice=ADVICE[Verdict.OVERFIT],
        )
    return found


def _last(points: Sequence[manifest.CurvePoint]) -> float | None:
    return points[-1].loss if points else None


def _validation_loss(
    job: GetModelCustomizationJobResponseTypeDef, validation: Sequence[manifest.CurvePoint]
) -> float | None:
    """Return the loss of the model that a job left: Bedrock's own figure, else the last one."""
    told = [one["validationLoss"] for one in job.get("validationMetrics", [])]
    losses = told or [point.loss for point in validation]
    return losses[-1] if losses and math.isfinite(losses[-1]) else None
