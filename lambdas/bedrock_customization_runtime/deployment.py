"""Taking a candidate's deployment away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.errors import DeploymentBusy

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_ssm import SSMClient


def remove(
    bedrock: BedrockClient, ssm: SSMClient, *, name: str, alias_parameter: str
) -> str | None:
    """Delete a deployment by its name, unless consumers use it.

    Args:
        bedrock: Client.
        ssm: Client.
        name: Of the deployment; a run's own, so that one whose ARN was never learnt is found too.
        alias_parameter: What consumers read.

    Returns:
        The ARN of what was removed; None if there was nothing to remove.

    Raises:
        DeploymentBusy: Bedrock is still making it, and deletes only what is made.
    """
    try:
        found = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=name)
    except bedrock.exceptions.ResourceNotFoundException:
        return None
    arn = found["customModelDeploymentArn"]
    if _live(ssm, alias_parameter) == arn:
        return None
    if found["status"] == "Creating":
        raise DeploymentBusy(f"deployment {name} is still being created: it is deleted after that")
    try:
        bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    except bedrock.exceptions.ResourceNotFoundException:
        return arn
    except bedrock.exceptions.ValidationException as error:
        # "Custom model deployment is in a mutating state"
        raise DeploymentBusy(f"deployment {name} is changing: {error}") from error
    return arn


def _live(ssm: SSMClient, alias_parameter: str) -> str | None:
    """Return what consumers use; nothing before the first promotion."""
    try:
        return ssm.get_parameter(Name=alias_parameter)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None
