"""Stops the job of an execution that was cut off, which runs no state of its own any more.

The function that starts a job outlives the execution that invoked it. So where there is no job to
stop, one is waited for, longer than such a function can take. And an execution that was redriven
meanwhile wants its job again.
"""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

from bedrock_customization_runtime import names
from bedrock_customization_runtime.customization import watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_stepfunctions import SFNClient

LOOKS, PAUSE_SECONDS = 16, 10.0
"""Together longer than the two minutes of the function that starts jobs."""
_TO_STOP = "InProgress"
_NO_MORE_TO_COME = {"Completed", "Stopping"}


def stop_job_of(
    bedrock: BedrockClient,
    stepfunctions: SFNClient,
    execution_arn: str,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> str | None:
    """Return the name of the run's last job, which runs no more; None if it has none.

    Args:
        bedrock: Client.
        stepfunctions: Client.
        execution_arn: Of the execution that was aborted or timed out.
        pause: Waits so many seconds before it is looked again.
    """
    job = None
    for _ in range(LOOKS):
        execution = stepfunctions.describe_execution(executionArn=execution_arn)
        if execution["status"] in {"RUNNING", "PENDING_REDRIVE"}:
            return job
        job, status = _last_job(bedrock, execution_arn)
        if job is not None and status == _TO_STOP:
            watch.stop(bedrock, job)
            return job
        if status in _NO_MORE_TO_COME:
            return job
        pause(PAUSE_SECONDS)
    return job


def _last_job(bedrock: BedrockClient, execution_arn: str) -> tuple[str | None, str | None]:
    """Return name and status of the run's last attempt."""
    last: tuple[str | None, str | None] = None, None
    for attempt in count():
        job, _, _ = names.job_of(execution_arn, attempt)
        try:
            found = bedrock.get_model_customization_job(jobIdentifier=job)
        except bedrock.exceptions.ResourceNotFoundException:
            return last
        last = job, found["status"]
    raise AssertionError("attempts are counted until one is missing")
