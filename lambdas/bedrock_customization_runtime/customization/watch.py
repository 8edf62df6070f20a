"""A look at a running job: is it done, does it move, what is told of it.

Bedrock gives a running job no percentage: `statusDetails` names its phases, each with the time it
last changed. A job whose phases have not changed for longer than the stall limit is given up,
because it would sit in the queue until the pipeline times out. Time is the sum of the waits between
looks, so nobody's clock matters.

Where that is asked for, a look also reads the validation losses that the job has left so far, and
gives it up once they have turned. No document says when Bedrock writes them: where they appear only
at the end, nothing is stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bedrock_customization_runtime.customization import diagnosis, loss_curves
from bedrock_customization_runtime.errors import (
    CustomizationStalled,
    CustomizationStoppedEarly,
    CustomizationTimedOut,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import GetModelCustomizationJobResponseTypeDef
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import EarlyStopping, JobWatch

_RUNNING = {"InProgress", "Stopping"}
_SOONEST, _LATEST = 60, 600
"""Seconds between looks: at most some 1,160 of 9 events each in eight days, of 25,000 allowed."""
_LOOKS = 10
"""The next wait is this part of the time waited so far."""
_PHASES = ("validationDetails", "dataProcessingDetails", "trainingDetails")


def look(
    bedrock: BedrockClient,
    s3: S3Client,
    job_name: str,
    *,
    stall_limit_seconds: int,
    timeout_seconds: int,
    last: JobWatch | None = None,
    early_stopping: EarlyStopping | None = None,
    longest_wait_seconds: int | None = None,
) -> JobWatch:
    """Return whether a job has ended, and when to look again.

    Args:
        bedrock: Client.
        s3: Client.
        job_name: Of the job; it may not exist yet.
        stall_limit_seconds: After which a job without progress is given up.
        timeout_seconds: After which any job is.
        last: What the look before this one returned.
        early_stopping: When a job whose validation loss has turned is given up; None for never.
        longest_wait_seconds: Between looks; ten minutes without it.

    Raises:
        CustomizationStalled: It made no progress.
        CustomizationTimedOut: It ran for too long.
        CustomizationStalled: It made no progress for too long.
        CustomizationStoppedEarly: Its validation loss has turned.
    """
    longest = longest_wait_seconds or _LATEST
    try:
        job = bedrock.get_model_customization_job(jobIdentifier=job_name)
    except bedrock.exceptions.ResourceNotFoundException:
        return _watch("not there yet", last, longest)
    watch = _watch(_progress(job), last, longest, done=job["status"] not in _RUNNING)
    if job["status"] == "InProgress" and watch["idle_seconds"] > stall_limit_seconds:
        raise CustomizationStalled(
            f"job {job_name} made no progress for {_hours(watch['idle_seconds'])} hours "
            f"({watch['progress']}), the limit is {_hours(stall_limit_seconds)}: it is stopped; "
            "Bedrock may lack capacity, so start it later or in another Region, or raise "
            "stall_limit"
        )
    if job["status"] == "InProgress" and watch["waited_seconds"] > timeout_seconds:
        raise CustomizationTimedOut(
            f"job {job_name} ran for {_hours(watch['waited_seconds'])} hours "
            f"({watch['progress']}), the limit is {_hours(timeout_seconds)}: it is stopped; raise "
            "timeout, lower epochCount, or give fewer records"
        )
    if job["status"] == "InProgress" and early_stopping is not None:
        _check_turn(job_name, loss_curves.read_validation_losses(s3, job), early_stopping)
    return watch


def stop(bedrock: BedrockClient, job_name: str) -> dict[str, str]:
    """Stop a job that still runs, and return its status.

    Step Functions stops the job of a `.sync` state that it gives up, so both may ask at once.
    """
    status = _status(bedrock, job_name)
    if status != "InProgress":
        return {"status": status}
    try:
        bedrock.stop_model_customization_job(jobIdentifier=job_name)
    except ClientError:
        if _status(bedrock, job_name) == "InProgress":
            raise
    return {"status": _status(bedrock, job_name)}


def _status(bedrock: BedrockClient, job_name: str) -> str:
    return bedrock.get_model_customization_job(jobIdentifier=job_name)["status"]


def _check_turn(job_name: str, losses: Sequence[float], early_stopping: EarlyStopping) -> None:
    since = diagnosis.checks_since_best(losses, early_stopping["min_improvement"])
    if since < early_stopping["patience"]:
        return
    raise CustomizationStoppedEarly(
        f"validation loss of job {job_name} got no better in the last {since} of {len(losses)} "
        f"checks, early_stopping allows {early_stopping['patience']}: it is stopped, yields no "
        "model and is charged for what it did; train fewer epochs, or with a lower learning rate"
    )


def _watch(progress: str, last: JobWatch | None, longest: int, *, done: bool = False) -> JobWatch:
    waited = last["waited_seconds"] + last["seconds"] if last else 0
    stands = last is not None and last["progress"] == progress
    return {
        "done": done,
        "seconds": min(max(waited // _LOOKS, _SOONEST), longest),
        "waited_seconds": waited,
        "idle_seconds": last["idle_seconds"] + last["seconds"] if last and stands else 0,
        "progress": progress,
    }


def _progress(job: GetModelCustomizationJobResponseTypeDef) -> str:
    """Return the phases and when they changed, as `training InProgress since …`."""
    details = job.get("statusDetails", {})
    phases = [(name, details[name]) for name in _PHASES if name in details]  # type: ignore[literal-required] # the three names
    return ", ".join(
        f"{name.removesuffix('Details')} {phase.get('status')}"
        + (
            f" since {phase['lastModifiedTime']:%Y-%m-%d %H:%M}"
            if "lastModifiedTime" in phase
            else ""
        )
        for name, phase in phases
    )


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f}"
