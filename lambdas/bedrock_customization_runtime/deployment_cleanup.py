"""Takes away what an execution left that ended badly, whatever ended it.

An execution that is aborted or times out runs no state any more, and one whose way of failing fails
itself leaves what it should have removed. Their end is heard of as an event, and this follows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime import deployment, manifest, names, promotion, storage
from bedrock_customization_runtime.contract import DeploymentKind
from bedrock_customization_runtime.errors import DeploymentBusy

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

    from bedrock_customization_runtime.contract import CleanUpRunInput

PROMOTION_SECONDS = 150.0
"""The function that promotes outlives the execution that invoked it, for two minutes at most."""
LOOKS, PAUSE_SECONDS = 4, 10.0
"""A request that an execution made when it was cut off takes effect in that time, if it does."""
_BUSY_SECONDS, _MARGIN_MS = 5.0, 60_000
_GOES_ON = frozenset({"RUNNING", "PENDING_REDRIVE", "SUCCEEDED"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Clients:
    """AWS clients."""

    bedrock: BedrockClient
    s3: S3Client
    ssm: SSMClient
    stepfunctions: SFNClient


def clean_up(
    clients: Clients,
    event: CleanUpRunInput,
    *,
    remaining_ms: Callable[[], int],
    pause: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Remove the deployments of an execution that has failed, was aborted or timed out.

    Nothing is removed of one that was redriven meanwhile, nor what went live.

    Args:
        clients: AWS clients.
        event: Which execution, and what its pipeline is like.
        remaining_ms: Tells how many milliseconds the function may still run.
        pause: Waits so many seconds.

    Returns:
        ARNs of what was removed.

    Raises:
        DeploymentBusy: A deployment is still being created; the same event fits later.
    """
    arn = event["execution_arn"]
    execution = clients.stepfunctions.describe_execution(executionArn=arn)
    if execution["status"] in _GOES_ON:
        return []
    uri = _manifest_of(event)
    found = _manifest(clients.s3, uri)
    if found is None or found.customization is None:
        # Nothing is deployed before there is a model.
        return []
    was_cut_off = execution["status"] != "FAILED"
    if was_cut_off and found.decision and found.decision.promote:
        ended = datetime.now(UTC) - execution["stopDate"]
        pause(max(0.0, PROMOTION_SECONDS - ended.total_seconds()))
    (deployed, _) = names.names_of(arn)
    drives = [
        names.of_drive(deployed["deployment"], drive)
        for drive in range(execution.get("redriveCount", 0) + 1)
    ]
    for look in range(LOOKS if was_cut_off else 1):
        if look:
            pause(PAUSE_SECONDS)
        # A redrive may want what it made: look at the execution each time.
        if clients.stepfunctions.describe_execution(executionArn=arn)["status"] in _GOES_ON:
            return []
        removed = [
            gone for name in drives if (gone := _remove(clients, event, name, remaining_ms, pause))
        ]
        if removed:
            return removed
    return []


def _remove(
    clients: Clients,
    event: CleanUpRunInput,
    name: str,
    remaining_ms: Callable[[], int],
    pause: Callable[[float], None],
) -> str | None:
    while True:
        try:
            return deployment.remove(
                clients.bedrock,
                kind=DeploymentKind(event["kind"]),
                name=name,
                in_use=promotion.in_use(
                    clients.s3,
                    clients.ssm,
                    record=promotion.record_uri(
                        event["artifacts_bucket"], event["alias_parameter"]
                    ),
                    alias_parameter=event["alias_parameter"],
                ),
            )
        except DeploymentBusy:
            if remaining_ms() < _MARGIN_MS:
                raise
            pause(_BUSY_SECONDS)


def _manifest_of(event: CleanUpRunInput) -> str:
    run_id = event["execution_arn"].rpartition(":")[2]
    return f"s3://{event['artifacts_bucket']}/runs/{names.key_of(run_id)}/manifest.json"


def _manifest(s3: S3Client, uri: str) -> manifest.Manifest | None:
    version = storage.read_version(s3, uri)
    return None if version is None else msgspec.json.decode(version.body, type=manifest.Manifest)
