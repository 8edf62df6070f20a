"""Ask Step Functions, Bedrock and S3 how an execution is getting on."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bedrock_customization_local.cli.following.definition import Definition
from bedrock_customization_local.cli.following.progress import Status, read_history
from bedrock_customization_runtime.evaluation import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

    from bedrock_customization_local.cli.following.progress import Progress
    from bedrock_customization_runtime.contract import BlindTest

_PAGE = 25
_CUSTOMIZE = "bedrock:createModelCustomizationJob"
_ASK = ".waitForTaskToken"
_MAP = "Map"
_GROWTH = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Clients:
    """Of the account in which an execution runs."""

    stepfunctions: SFNClient
    bedrock: BedrockClient
    s3: S3Client


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

    @property
    def events(self) -> int:
        """How many there have been."""
        return len(self._events)

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


class Pauses:
    """How long to wait between looks: short while something happens, longer while nothing does.

    Args:
        shortest: Seconds.
        longest: Seconds; Step Functions allows few reads of a history a second.
    """

    def __init__(self, *, shortest: float = 0.25, longest: float = 10.0) -> None:
        self._shortest, self._longest = shortest, longest
        self._next = shortest

    def after(self, *, something_new: bool) -> float:
        """Return the seconds to wait after a look."""
        self._next = self._shortest if something_new else min(self._longest, self._next * _GROWTH)
        return self._next


def follow(
    clients: Clients,
    execution_arn: str,
    show: Callable[[Progress, Definition, Mapping[str, str]], None],
    pauses: Pauses,
) -> Progress:
    """Look at an execution again and again, until it has ended.

    Args:
        clients: To look with.
        execution_arn: What to follow.
        show: Is given what each look shows: progress, definition, and what goes on just now.
        pauses: Between looks.

    Returns:
        How it ended.
    """
    states = clients.stepfunctions
    machine = states.describe_state_machine_for_execution(executionArn=execution_arn)
    definition = Definition.parse(machine["definition"])
    watch = ExecutionWatch(states, execution_arn, definition)
    details = LiveDetails(clients.bedrock, clients.s3)
    seen = -1
    while True:
        progress = watch.look()
        show(progress, definition, details.of(progress))
        if progress.status is not Status.RUNNING:
            return progress
        time.sleep(pauses.after(something_new=watch.events != seen))
        seen = watch.events


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
            elif step.state.resource.endswith(_ASK) and "decision" in known:
                details[step.name] = "waits for `approve` or `reject`"
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
