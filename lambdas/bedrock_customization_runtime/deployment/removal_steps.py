"""Steps that take deployments away: of a candidate that does not go live, and superseded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.contract import DeploymentKind
from bedrock_customization_runtime.deployment import removal
from bedrock_customization_runtime.model_import.removal import remove_staged
from bedrock_customization_runtime.promotion import alias
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

    from bedrock_customization_runtime.contract import RemoveCandidate, RemoveSuperseded


def remove_candidate(
    bedrock: BedrockClient, s3: S3Client, ssm: SSMClient, event: RemoveCandidate
) -> list[str]:
    """Remove the candidate's deployment, unless consumers use it; return what is gone.

    A custom model that the run itself made goes with it.

    Raises:
        DeploymentBusy: The same request fits later.
    """
    kind, name = DeploymentKind(event["kind"]), event["name"]
    if kind is DeploymentKind.IMPORTED_MODEL:
        run = event["run"]
        remove_staged(s3, S3Uri.parse(run["data"]).bucket, run["key"])
    in_use = alias.in_use(s3, ssm, record=_record(event), alias_parameter=event["alias_parameter"])
    removed = removal.remove(bedrock, kind=kind, name=name, in_use=in_use)
    if removed:
        section = manifest.DeploymentSection(arn=removed, removed=True)
        manifest.update(
            s3, event["run"]["manifest"], lambda found: replace(found, deployment=section)
        )
    model = (
        removal.remove_created_model(bedrock, kind=kind, name=name, in_use=in_use)
        if event.get("created_model")
        else None
    )
    return [arn for arn in (removed, model) if arn]


def remove_superseded(
    bedrock: BedrockClient, s3: S3Client, ssm: SSMClient, event: RemoveSuperseded
) -> list[str]:
    """Remove what was live before the model that was live before this one; return the ARNs.

    Raises:
        DeploymentBusy: The same request fits later.
    """
    return removal.remove_superseded(
        bedrock,
        s3,
        ssm,
        record=_record(event),
        alias_parameter=event["alias_parameter"],
        previous_parameter=event["previous_parameter"],
    )


def _record(event: RemoveCandidate | RemoveSuperseded) -> str:
    bucket = S3Uri.parse(event["run"]["artifacts"]).bucket
    return alias.record_uri(bucket, event["alias_parameter"])
