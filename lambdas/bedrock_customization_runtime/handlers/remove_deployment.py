"""Take deployments away: of a candidate that does not go live, and superseded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import aws, manifest
from bedrock_customization_runtime.contract import DeploymentKind
from bedrock_customization_runtime.deployment import removal
from bedrock_customization_runtime.model_import.removal import remove_staged
from bedrock_customization_runtime.promotion import alias
from bedrock_customization_runtime.s3.objects import S3Uri
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        RemoveCandidate,
        RemovedDeployments,
        RemoveDeploymentInput,
        RemoveSuperseded,
    )


@observed
def handler(event: RemoveDeploymentInput, _context: object) -> RemovedDeployments:
    """Return the ARNs of what was removed, if anything was.

    Raises:
        DeploymentBusy: The same request fits later.
    """
    match event["step"]:
        case "candidate":
            return {"removed": _candidate(event)}
        case "superseded":
            return {"removed": _superseded(event)}


def _candidate(event: RemoveCandidate) -> list[str]:
    kind = DeploymentKind(event["kind"])
    if kind is DeploymentKind.IMPORTED_MODEL:
        run = event["run"]
        remove_staged(aws.s3(), S3Uri.parse(run["data"]).bucket, run["key"])
    removed = removal.remove(
        aws.bedrock(),
        kind=kind,
        name=event["name"],
        in_use=alias.in_use(
            aws.s3(),
            aws.ssm(),
            record=_record(event),
            alias_parameter=event["alias_parameter"],
        ),
    )
    if removed is None:
        return []
    section = manifest.DeploymentSection(arn=removed, removed=True)
    manifest.update(
        aws.s3(), event["run"]["manifest"], lambda found: replace(found, deployment=section)
    )
    return [removed]


def _superseded(event: RemoveSuperseded) -> list[str]:
    return removal.remove_superseded(
        aws.bedrock(),
        aws.s3(),
        aws.ssm(),
        record=_record(event),
        alias_parameter=event["alias_parameter"],
        previous_parameter=event["previous_parameter"],
    )


def _record(event: RemoveDeploymentInput) -> str:
    bucket = S3Uri.parse(event["run"]["artifacts"]).bucket
    return alias.record_uri(bucket, event["alias_parameter"])
