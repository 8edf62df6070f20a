"""Takes away what an execution left that ended badly, whatever ended it.

An execution that is aborted or times out runs no state any more, and one whose way of failing fails
itself leaves what it should have removed. Their end is heard of as an event, and this follows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bedrock_customization_runtime import manifest, names
from bedrock_customization_runtime.contract import DeploymentKind
from bedrock_customization_runtime.deployment import removal
from bedrock_customization_runtime.errors import DeploymentBusy
from bedrock_customization_runtime.evaluation import judge_jobs
from bedrock_customization_runtime.model_import.removal import remove_staged
from bedrock_customization_runtime.promotion import alias

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

    from bedrock_customization_runtime.contract import CleanUpRunInput

JUDGING_SECONDS = 330.0
"""The function that starts evaluation jobs outlives its execution for five minutes at most."""
PROMOTION_SECONDS = 150.0
"""The function that promotes outlives the execution that invoked it, for two minutes at most."""
LOOKS, PAUSE_SECONDS = 4, 10.0
"""A request that an execution made when it was cut off takes effect in that time, if it does."""
GOES_ON = frozenset({"RUNNING", "PENDING_REDRIVE", "SUCCEEDED"})
"""Of which executions nothing is taken, because they were redriven since the event."""
_BUSY_SECONDS, _MARGIN_MS = 5.0, 60_000


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
    """Take away what bills of an execution that has failed, was aborted or timed out.

    That is its deployments, and evaluation jobs of a judge that are in progress. Nothing is taken
    of an execution that was redriven meanwhile, nor what went live.

    Args:
        clients: AWS clients.
        event: Which execution, and what its pipeline is like.
        remaining_ms: Tells how many milliseconds the function may still run.
        pause: Waits so many seconds.

    Returns:
        ARNs of what was stopped and removed.

    Raises:
        DeploymentBusy: A deployment is still being created; the same event fits later.
    """
    execution = clients.stepfunctions.describe_execution(executionArn=event["execution_arn"])
    if execution["status"] in GOES_ON:
        return []
    found = manifest.find(clients.s3, f"{artifacts_of(event)}/manifest.json")
    if found is None or not (found.customization or found.model_import or found.custom_model):
        # Nothing is deployed, or copied, before there is a model.
        return []
    was_cut_off = execution["status"] != "FAILED"
    stopped = _stop_judge(clients, event)
    if was_cut_off and found.decision and found.decision.promote:
        pause(max(0.0, PROMOTION_SECONDS - _seconds_since(execution["stopDate"])))
    removed = _remove_deployments(
        clients,
        event,
        drives=execution.get("redriveCount", 0) + 1,
        looks=LOOKS if was_cut_off else 1,
        remaining_ms=remaining_ms,
        pause=pause,
    )
    _remove_staged(clients, event)
    if was_cut_off and _may_be_judged(event, found):
        left = remaining_ms() / 1000 - _MARGIN_MS / 1000
        pause(max(0.0, min(left, JUDGING_SECONDS - _seconds_since(execution["stopDate"]))))
        stopped += _stop_judge(clients, event)
    return [*stopped, *removed]


def artifacts_of(event: CleanUpRunInput) -> str:
    """Return the S3 URI prefix of the run's artifacts, without a trailing slash."""
    return f"s3://{event['artifacts_bucket']}/runs/{_key_of(event)}"


def _stop_judge(clients: Clients, event: CleanUpRunInput) -> list[str]:
    """Stop the run's evaluation jobs in progress, unless the execution goes on."""
    if "judged_bucket" not in event or _goes_on(clients, event):
        return []
    blind = f"s3://{event['judged_bucket']}/runs/{_key_of(event)}"
    return judge_jobs.stop_below(clients.bedrock, judge_jobs.output_of(blind))


def _remove_staged(clients: Clients, event: CleanUpRunInput) -> None:
    """Take away what an import has copied, unless the execution goes on."""
    if "staging_bucket" in event and not _goes_on(clients, event):
        remove_staged(clients.s3, event["staging_bucket"], _key_of(event))


def _may_be_judged(event: CleanUpRunInput, found: manifest.Manifest) -> bool:
    """Tell whether a function may have been starting evaluation jobs when the run was cut off."""
    compared = found.evaluation is not None and found.evaluation.judge is None
    return "judged_bucket" in event and compared


def _remove_deployments(
    clients: Clients,
    event: CleanUpRunInput,
    *,
    drives: int,
    looks: int,
    remaining_ms: Callable[[], int],
    pause: Callable[[float], None],
) -> list[str]:
    (deployed, _) = names.names_of(event["execution_arn"])
    for look in range(looks):
        if look:
            pause(PAUSE_SECONDS)
        # A redrive may want what it made: look at the execution each time.
        if _goes_on(clients, event):
            return []
        removed = [
            gone
            for drive in range(drives)
            for gone in _remove(
                clients, event, names.of_drive(deployed["deployment"], drive), remaining_ms, pause
            )
        ]
        if removed:
            return removed
    return []


def _goes_on(clients: Clients, event: CleanUpRunInput) -> bool:
    found = clients.stepfunctions.describe_execution(executionArn=event["execution_arn"])
    return found["status"] in GOES_ON


def _seconds_since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()


def _remove(
    clients: Clients,
    event: CleanUpRunInput,
    name: str,
    remaining_ms: Callable[[], int],
    pause: Callable[[float], None],
) -> list[str]:
    kind = DeploymentKind(event["kind"])
    removed: list[str] = []
    while True:
        in_use = alias.in_use(
            clients.s3,
            clients.ssm,
            record=alias.record_uri(event["artifacts_bucket"], event["alias_parameter"]),
            alias_parameter=event["alias_parameter"],
        )
        try:
            gone = removal.remove(clients.bedrock, kind=kind, name=name, in_use=in_use)
            removed += [gone] if gone else []
            if event.get("created_model"):
                model = removal.remove_created_model(
                    clients.bedrock, kind=kind, name=name, in_use=in_use
                )
                removed += [model] if model else []
        except DeploymentBusy:
            if remaining_ms() < _MARGIN_MS:
                raise
            pause(_BUSY_SECONDS)
        else:
            return removed


def _manifest_of(event: CleanUpRunInput) -> str:
    return f"s3://{event['artifacts_bucket']}/runs/{_key_of(event)}/manifest.json"


def _key_of(event: CleanUpRunInput) -> str:
    return names.key_of(event["execution_arn"].rpartition(":")[2])
