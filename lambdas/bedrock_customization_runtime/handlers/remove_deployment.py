"""Take deployments away: of a candidate that does not go live, and superseded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.deployment import removal_steps
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import RemovedDeployments, RemoveDeploymentInput


@observed
def handler(event: RemoveDeploymentInput, _context: object) -> RemovedDeployments:
    """Return the ARNs of what was removed, if anything was.

    Raises:
        DeploymentBusy: The same request fits later.
    """
    clients = aws.bedrock(), aws.s3(), aws.ssm()
    match event["step"]:
        case "candidate":
            return {"removed": removal_steps.remove_candidate(*clients, event)}
        case "superseded":
            return {"removed": removal_steps.remove_superseded(*clients, event)}
