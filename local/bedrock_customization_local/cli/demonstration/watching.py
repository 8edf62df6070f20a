"""Ask Step Functions, Bedrock and S3 how an execution is getting on."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bedrock_customization_local.cli.demonstration.progress import read_history
from bedrock_customization_runtime.evaluation import parts

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

    from bedrock_customization_local.cli.demonstration.definition import Definition
    from bedrock_customization_local.cli.demonstration.progress import Progress
    from bedrock_customization_runtime.contract import BlindTest

_PAGE = 25
_CUSTOMIZE = "bedrock:createModelCustomizationJob"
_MAP = "Map"


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


class LiveDetails:
    """Says what the running steps of an execution are doing just now.

    Args:
        bedrock: Client of Bedrock's control plane.
        s3: Client.
    """

    def __init__(self, bedrock: BedrockClient, s3: S3Client) -> None:
        self._bedrock = bedrock
        self._s3 = s3

    def of(self, progress: Progress) -> dict[str, str]:
        """Return a few words by state, for those states of which anything can be said."""
        details: dict[str, str] = {}
        known = progress.variables
        for step in progress.running:
            if _CUSTOMIZE in step.state.resource and "job" in known:
                details[step.name] = self._job(known["job"]["name"])
            elif step.state.type == _MAP and "blind_test" in known:
                questions = known["preparation"]["counts"]["test"]
                details[step.name] = self._answers(known["blind_test"], questions)
        return details

    def _job(self, name: str) -> str:
        # Until the job exists there is nothing to say.
        with suppress(ClientError):
            job = self._bedrock.get_model_customization_job(jobIdentifier=name)
            if job["status"] != "InProgress":
                return job["status"]
            details = job.get("statusDetails", {})
            for words, part in (
                ("training", details.get("trainingDetails")),
                ("processing the data", details.get("dataProcessingDetails")),
                ("checking the data", details.get("validationDetails")),
            ):
                if part and part.get("status") == "InProgress":
                    return words
            return "waiting for its turn"
        return ""

    def _answers(self, blind_test: BlindTest, questions: int) -> str:
        answered = sum(
            min(
                len(parts.finished(self._s3, blind_test["answers"], model["name"]))
                * parts.QUESTIONS,
                questions,
            )
            for model in blind_test["models"]
        )
        total = blind_test["total"]
        return f"{answered:,} of {total:,} answers" if answered < total else ""
