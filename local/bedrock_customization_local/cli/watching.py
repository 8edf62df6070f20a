"""Ask Step Functions and Bedrock how an execution is getting on."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bedrock_customization_local.cli.progress import read_history

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

    from bedrock_customization_local.cli.definition import Definition
    from bedrock_customization_local.cli.progress import Progress

_PAGE = 200


class ExecutionWatch:
    """Follows one execution.

    Args:
        client: Of Step Functions.
        execution_arn: What to follow.
        definition: Of its state machine.
    """

    def __init__(self, client: SFNClient, execution_arn: str, definition: Definition) -> None:
        self._client = client
        self._arn = execution_arn
        self._definition = definition
        self._events: list[HistoryEventTypeDef] = []

    def look(self) -> Progress:
        """Return the progress up to now."""
        known = self._events[-1]["id"] if self._events else 0
        new: list[HistoryEventTypeDef] = []
        # Newest first, so that a long history is read once and not at every look.
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=self._arn, reverseOrder=True, PaginationConfig={"PageSize": _PAGE}
        )
        for page in pages:
            fresh = [event for event in page["events"] if event["id"] > known]
            new += fresh
            if len(fresh) < len(page["events"]):
                break
        self._events += reversed(new)
        return read_history(self._events, self._definition)


def job_detail(client: BedrockClient, job_name: str) -> str:
    """Return what a customization job is doing, in a few words; nothing before it exists.

    Args:
        client: Of Bedrock's control plane.
        job_name: As the run derived it.
    """
    with suppress(ClientError):
        job = client.get_model_customization_job(jobIdentifier=job_name)
        details = job.get("statusDetails", {})
        for part, words in (
            ("trainingDetails", "training"),
            ("dataProcessingDetails", "processing the data"),
            ("validationDetails", "checking the data"),
        ):
            if details.get(part, {}).get("status") == "InProgress":  # type: ignore[attr-defined] # a TypedDict by variable key
                return words
        return job["status"]
    return ""
