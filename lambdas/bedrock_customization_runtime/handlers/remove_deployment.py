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

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        RemoveCandidate,
        RemovedDeployments,
        RemoveDeploymentInput,
        RemoveSuperseded,
    )


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
    name = event["name"]
    in_use = alias.in_use(
        aws.s3(), aws.ssm(), record=_record(event), alias_parameter=event["alias_parameter"]
    )
    removed = removal.remove(aws.bedrock(), kind=kind, name=name, in_use=in_use)
    if removed:
        section = manifest.DeploymentSection(arn=removed, removed=True)
        manifest.update(
            aws.s3(), event["run"]["manifest"], lambda found: replace(found, deployment=section)
        )
    model = (
        removal.remove_created_model(aws.bedrock(), kind=kind, name=name, in_use=in_use)
        if event.get("created_model")
        else None
    )
    return [arn for arn in (removed, model) if arn]


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
