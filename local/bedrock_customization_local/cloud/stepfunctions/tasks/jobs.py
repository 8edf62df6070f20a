"""Tasks that start something long and wait for its end: `.sync`."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.errors import Closed, ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.language.resources import Pattern
from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.stepfunctions.task import TaskCall
from bedrock_customization_local.cloud.stepfunctions.tasks.api import Api
from bedrock_customization_local.cloud.stepfunctions.tasks.naming import (
    optimized_boto3_name,
    optimized_error,
)
from bedrock_customization_local.cloud.untyped import Json

POLL_SECONDS: Final = 60
"""Seconds between two looks at a job. AWS does not say how often it looks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """How to wait for one kind of job.

    Args:
        describe: The operation that tells how it fares.
        stop: The operation that stops it.
        identifier: Turns the answer to the request into the parameters of both.
        succeeded: The status of success.
        running: Statuses that are no end.
    """

    describe: str
    stop: str
    identifier: Callable[[Json], Json]
    succeeded: str
    running: frozenset[str]


JOBS: Final = {
    ("bedrock", "createModelCustomizationJob"): Job(
        describe="getModelCustomizationJob",
        stop="stopModelCustomizationJob",
        identifier=lambda answer: {"JobIdentifier": answer["JobArn"]},
        succeeded="Completed",
        running=frozenset({"InProgress", "Stopping"}),
    ),
    ("states", "startExecution"): Job(
        describe="describeExecution",
        stop="stopExecution",
        identifier=lambda answer: {"ExecutionArn": answer["ExecutionArn"]},
        succeeded="SUCCEEDED",
        running=frozenset({"RUNNING", "PENDING_REDRIVE"}),
    ),
}
"""What can be waited for: by service and action."""


def run(api: Api, call: TaskCall, start: Callable[[], Json]) -> Json:
    """Start a job and wait for its end.

    The job is stopped if the task times out or is aborted.

    Args:
        api: Where it runs.
        call: The task.
        start: Makes the request and returns the answer.

    Returns:
        The job's description at its end.

    Raises:
        StateError: `States.TaskFailed`, with the description as its cause, if the job did not
            succeed; or what the request failed with.
        Interrupted: Something outside ended the task.
    """
    service = call.resource.service
    job = JOBS[service, call.resource.action]
    answer = start()
    call.submitted(answer)
    identifier = job.identifier(answer)
    try:
        description = _ended(api, call, job, identifier)
    except Closed:
        raise
    except Exception:
        _stop(api, call, job, identifier)
        raise
    if service == "states":
        description = _nested(description, is_parsed=call.resource.pattern is Pattern.SYNC_2)
    if description["Status"] != job.succeeded:
        raise StateError(ErrorName.TASK_FAILED, dump(description))
    return description


def _ended(api: Api, call: TaskCall, job: Job, identifier: Json) -> Json:
    while True:
        call.scope.check()
        description = _look(api, call, job, identifier)
        if description is not None and description["Status"] not in job.running:
            return description
        call.scope.sleep(POLL_SECONDS)


def _look(api: Api, call: TaskCall, job: Job, identifier: Json) -> Json:
    try:
        return _call(api, call, job.describe, identifier)
    except StateError as error:
        if "Throttling" in error.error:
            return None
        raise


def _stop(api: Api, call: TaskCall, job: Job, identifier: Json) -> None:
    try:
        _call(api, call, job.stop, identifier)
    except StateError:
        # The task has ended for its own reason, which counts; the job may be over already.
        return


def _call(api: Api, call: TaskCall, action: str, arguments: Json) -> Json:
    service = call.resource.service
    return api.call(
        call,
        optimized_boto3_name(service),
        action,
        arguments,
        lambda model, code: optimized_error(service, model, code),
    )


def _nested(description: Json, *, is_parsed: bool) -> Json:
    """Return an execution's description; `.sync:2` parses what `.sync` leaves as text."""
    if not is_parsed:
        return description
    parsed = {
        name: json.loads(description[name]) for name in ("Input", "Output") if name in description
    }
    return {**description, **parsed}
