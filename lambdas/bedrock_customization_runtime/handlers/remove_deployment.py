"""Take the deployment of a candidate away that does not go live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import aws, deployment, manifest

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import RemoveDeploymentInput


def handler(event: RemoveDeploymentInput, _context: object) -> dict[str, str | None]:
    """Return the ARN of what was removed, if anything was.

    Raises:
        DeploymentBusy: The same request fits later.
    """
    run = event["run"]
    removed = deployment.remove(
        aws.bedrock(),
        aws.ssm(),
        name=event["name"],
        alias_parameter=event["alias_parameter"],
    )
    if removed:
        section = manifest.DeploymentSection(arn=removed, removed=True)
        manifest.update(aws.s3(), run["manifest"], lambda found: replace(found, deployment=section))
    return {"removed": removed}
