"""Taking deployments away: a candidate's, those that newer ones have superseded.

A deployment is what answers: an on-demand deployment of a custom model, provisioned throughput, or
an imported model itself. One that consumers use is never removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import DeploymentKind
from bedrock_customization_runtime.errors import DeploymentBusy
from bedrock_customization_runtime.promotion import alias

if TYPE_CHECKING:
    from collections.abc import Collection

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

_KINDS = {
    ":custom-model-deployment/": DeploymentKind.ON_DEMAND,
    ":provisioned-model/": DeploymentKind.PROVISIONED_THROUGHPUT,
    ":imported-model/": DeploymentKind.IMPORTED_MODEL,
}


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment that exists.

    Args:
        arn: Its ARN, which is what consumers invoke.
        status: Bedrock's word: Creating until it can be asked or deleted.
    """

    arn: str
    status: str


def kind_of(arn: str) -> DeploymentKind | None:
    """Return the kind of deployment of an ARN; None for other resources."""
    return next((kind for part, kind in _KINDS.items() if part in arn), None)


def find(bedrock: BedrockClient, kind: DeploymentKind, identifier: str) -> Deployed | None:
    """Return a deployment, or None if there is no such one.

    Args:
        bedrock: Client.
        kind: Of the deployment.
        identifier: Its name or ARN.
    """
    if kind is DeploymentKind.IMPORTED_MODEL:
        return _find_imported(bedrock, identifier)
    try:
        if kind is DeploymentKind.ON_DEMAND:
            found = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=identifier)
            return Deployed(found["customModelDeploymentArn"], found["status"])
        bought = bedrock.get_provisioned_model_throughput(provisionedModelId=identifier)
    except bedrock.exceptions.ResourceNotFoundException:
        return None
    return Deployed(bought["provisionedModelArn"], bought["status"])


def remove(
    bedrock: BedrockClient, *, kind: DeploymentKind, name: str, in_use: Collection[str]
) -> str | None:
    """Delete a deployment, unless consumers use it.

    Args:
        bedrock: Client.
        kind: Of the deployment.
        name: Its name, so that one whose ARN was never learnt is found too; or its ARN.
        in_use: ARNs that are not deleted.

    Returns:
        The ARN of what was removed; None if there was nothing to remove.

    Raises:
        DeploymentBusy: Bedrock is still making it, and deletes only what is made.
    """
    found = find(bedrock, kind, name)
    if found is None or found.arn in in_use:
        return None
    if found.status == "Creating":
        raise DeploymentBusy(f"deployment {name} is still being created: it is deleted after that")
    try:
        _delete(bedrock, kind, found.arn)
    except bedrock.exceptions.ResourceNotFoundException:
        return found.arn
    except (
        bedrock.exceptions.ConflictException,
        bedrock.exceptions.ValidationException,
    ) as error:
        # "Custom model deployment is in a mutating state"
        raise DeploymentBusy(
            f"deployment {name} is changing: {error}; ask again in a minute"
        ) from error
    return found.arn


def remove_created_model(
    bedrock: BedrockClient, *, kind: DeploymentKind, name: str, in_use: Collection[str]
) -> str | None:
    """Delete the custom model that a run has made, unless consumers use its deployment.

    Args:
        bedrock: Client.
        kind: Of the deployment.
        name: Of the model, and of its deployment.
        in_use: ARNs of deployments whose models are not deleted.

    Returns:
        The ARN of what was removed; None if there was nothing to remove.

    Raises:
        DeploymentBusy: Bedrock is still making the model, or deleting its deployment.
    """
    deployed = find(bedrock, kind, name)
    if deployed and deployed.arn in in_use:
        return None
    try:
        found = bedrock.get_custom_model(modelIdentifier=name)
    except bedrock.exceptions.ResourceNotFoundException:
        return None
    if found.get("modelStatus") == "Creating":
        raise DeploymentBusy(f"custom model {name} is still being created: it is deleted after")
    try:
        bedrock.delete_custom_model(modelIdentifier=found["modelArn"])
    except bedrock.exceptions.ResourceNotFoundException:
        return None
    except (
        bedrock.exceptions.ConflictException,
        bedrock.exceptions.ValidationException,
    ) as error:
        raise DeploymentBusy(
            f"custom model {name} is still deployed: {error}; ask again in a minute"
        ) from error
    return found["modelArn"]


def remove_superseded(
    bedrock: BedrockClient,
    s3: S3Client,
    ssm: SSMClient,
    *,
    record: str,
    alias_parameter: str,
    previous_parameter: str,
) -> list[str]:
    """Delete what was live before the model that was live before this one.

    The last one stays, so that it can be rolled back to at once and traffic can be divided, and a
    parameter names it. The record of promotions says which deployments ever were live; others are
    nobody's business here.

    Args:
        bedrock: Client.
        s3: Client.
        ssm: Client.
        record: S3 URI of the alias's record.
        alias_parameter: What consumers read.
        previous_parameter: Is told what was live before.

    Returns:
        ARNs of what was removed.

    Raises:
        DeploymentBusy: One of them is changing.
    """
    found = alias.read(s3, record)
    if found.current is None:
        return []
    previous = found.current.previous
    if previous and alias.value_of(ssm, previous_parameter) != previous:
        ssm.put_parameter(Name=previous_parameter, Value=previous, Type="String", Overwrite=True)
    kept = alias.in_use(s3, ssm, record=record, alias_parameter=alias_parameter)
    kept |= {previous} if previous else set()
    removed = []
    for arn in dict.fromkeys(move.arn for move in found.history):
        kind = kind_of(arn)
        if kind is None or arn in kept:
            continue
        gone = remove(bedrock, kind=kind, name=arn, in_use=kept)
        removed += [gone] if gone else []
    return removed


def _find_imported(bedrock: BedrockClient, identifier: str) -> Deployed | None:
    try:
        model = bedrock.get_imported_model(modelIdentifier=identifier)
    except bedrock.exceptions.ResourceNotFoundException:
        if kind_of(identifier):
            return None
    else:
        return Deployed(model["modelArn"], "Active")
    # An import cannot be stopped: there is a model once it has ended. Both have one name.
    try:
        job = bedrock.get_model_import_job(jobIdentifier=identifier)
    except bedrock.exceptions.ResourceNotFoundException:
        return None
    return Deployed(job["jobArn"], "Creating") if job["status"] == "InProgress" else None


def _delete(bedrock: BedrockClient, kind: DeploymentKind, arn: str) -> None:
    match kind:
        case DeploymentKind.ON_DEMAND:
            bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
        case DeploymentKind.PROVISIONED_THROUGHPUT:
            bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
        case DeploymentKind.IMPORTED_MODEL:
            bedrock.delete_imported_model(modelIdentifier=arn)
