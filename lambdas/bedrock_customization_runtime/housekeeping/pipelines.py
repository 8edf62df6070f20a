"""Whose house is kept: a pipeline, the clients, the limits, and the runs that its tags name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Self

import msgspec
from botocore.exceptions import ClientError

from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

    from bedrock_customization_runtime.contract import HousekeepingLimits, KeptPipeline

GRACE = timedelta(minutes=5)
"""What an ended run made is left alone for so long: a function that the execution invoked outlives
it for two minutes, and the clean-up of the run itself comes first."""
_REFUSED_IN_TAGS = re.compile(r"[^a-zA-Z0-9._:/=+@-]")
_GONE = frozenset({"ExecutionDoesNotExist", "StateMachineDoesNotExist"})
_GOES_ON = frozenset({"RUNNING", "PENDING_REDRIVE"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Clients:
    """AWS clients."""

    bedrock: BedrockClient
    cloudwatch: CloudWatchClient
    s3: S3Client
    ssm: SSMClient
    stepfunctions: SFNClient


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """When something is old enough to be taken away; None keeps it for ever.

    Args:
        stall: A job without progress for so long, whose run has ended, is stopped.
        idle: Provisioned throughput that nobody asked for so long is reported.
        models: Age of custom models of runs that promoted none.
        data: Age of runs whose data and blind sets go.
        artifacts: Age of runs whose reports, evaluations and manifests go.
    """

    stall: timedelta = timedelta(days=2)
    idle: timedelta = timedelta(days=1)
    models: timedelta | None = None
    data: timedelta | None = None
    artifacts: timedelta | None = None

    @classmethod
    def of(cls, given: HousekeepingLimits) -> Self:
        """Return limits as an event has them."""

        def days(count: int | None) -> timedelta | None:
            return None if count is None else timedelta(days=count)

        return cls(
            stall=timedelta(seconds=given["stall_seconds"]),
            idle=timedelta(seconds=given["idle_seconds"]),
            models=days(given.get("model_days")),
            data=days(given.get("data_days")),
            artifacts=days(given.get("artifacts_days")),
        )


def tag_of(pipeline: KeptPipeline) -> str:
    """Return the name of a pipeline as the tags of what its runs make have it."""
    return _REFUSED_IN_TAGS.sub("-", pipeline["name"])


def is_retired(stepfunctions: SFNClient, pipeline: KeptPipeline) -> bool:
    """Tell whether a pipeline is gone, with its stack: nothing of it can run any more."""
    try:
        found = stepfunctions.describe_state_machine(stateMachineArn=pipeline["state_machine_arn"])
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return True
        raise
    return found.get("status") == "DELETING"


class RunStatus(StrEnum):
    """How a run goes."""

    RUNNING = "running"
    ENDED = "ended"
    UNKNOWN = "unknown"
    """Neither a manifest nor an execution tells of it: nothing of it is touched."""


@dataclass(frozen=True, slots=True)
class RunState:
    """How a run goes, and since when.

    Args:
        status: Running, ended, or unknown.
        ended: When it ended; of a run whose execution is forgotten, when it began.
        is_ours: Whether its manifest names an execution of this pipeline.
    """

    status: RunStatus
    ended: datetime | None = None
    is_ours: bool = False

    def has_ended_before(self, moment: datetime) -> bool:
        """Tell whether it ended, and did so before some time."""
        return self.status is RunStatus.ENDED and self.ended is not None and self.ended < moment


class Runs:
    """The runs of a pipeline, each looked up once.

    Args:
        clients: AWS clients.
        pipeline: Whose.
    """

    def __init__(self, clients: Clients, pipeline: KeptPipeline) -> None:
        self._clients, self._pipeline = clients, pipeline
        self._executions = pipeline["state_machine_arn"].replace(":stateMachine:", ":execution:")
        self._known: dict[str, RunState] = {}

    def state(self, key: str) -> RunState:
        """Return how the run of a key went when it was first asked for."""
        if key not in self._known:
            self._known[key] = self.state_now(key)
        return self._known[key]

    def state_now(self, key: str) -> RunState:
        """Return how the run of a key goes, asked anew: it may have been redriven meanwhile."""
        section = self._section(key)
        is_ours = section is not None and self._is_of_ours(section.execution_arn)
        # The manifest is written before anything is made. Without it, the key is a good guess.
        arn = section.execution_arn if section and is_ours else f"{self._executions}:{key}"
        try:
            found = self._clients.stepfunctions.describe_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {*_GONE, "InvalidArn"}:
                raise
            if section is None or not is_ours:
                return RunState(RunStatus.UNKNOWN)
            # Step Functions forgets executions 90 days after they ended.
            began = datetime.fromisoformat(section.started).astimezone(UTC)
            return RunState(RunStatus.ENDED, began, is_ours=True)
        if found["status"] in _GOES_ON:
            return RunState(RunStatus.RUNNING, is_ours=is_ours)
        return RunState(RunStatus.ENDED, found["stopDate"].astimezone(UTC), is_ours=is_ours)

    def _is_of_ours(self, execution_arn: str) -> bool:
        return execution_arn.rpartition(":")[0] == self._executions

    def _section(self, key: str) -> _RunOfManifest | None:
        uri = f"s3://{self._pipeline['artifacts_bucket']}/runs/{key}/manifest.json"
        version = objects.read_version(self._clients.s3, uri)
        if version is None:
            return None
        try:
            return msgspec.json.decode(version.body, type=_Manifest).run
        except msgspec.MsgspecError:
            return None


class _RunOfManifest(msgspec.Struct):
    execution_arn: str
    started: str


class _Manifest(msgspec.Struct):
    """What says whose a manifest is, whatever the version that wrote it."""

    run: _RunOfManifest
