"""Lambda function of the states that make a custom model of a trained Amazon Nova, each a step.

A function and not Step Functions asks for the model: the SDK of the latter may not know yet that a
model package is a source, and the same token and name must be found again after a redrive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.custom_model import creation, planning
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        CreateCustomModelInput,
        CreatedModel,
        NovaArtifacts,
    )


@observed
def handler(event: CreateCustomModelInput, _context: object) -> NovaArtifacts | CreatedModel:
    """Do one step; each may be repeated.

    Raises:
        ModelSourceRefused: The trained model is not there, may not be read, or is none that Bedrock
            takes.
        ModelRejected: The training job's output cannot be unpacked.
        ImportFailed: The Region or the base model is none for this.
        QuotaExhausted: The account has no room for the model.
        BudgetExceeded: The run would cost too much, or nobody knows how much.
    """
    match event["step"]:
        case "inspect":
            clients = planning.PlanningClients(
                s3=aws.s3(),
                bedrock=aws.bedrock(),
                service_quotas=aws.service_quotas(),
                sagemaker=aws.sagemaker,
            )
            return planning.plan(clients, event)
        case "create":
            return creation.create(aws.bedrock(), event)
        case "record":
            return creation.record(aws.bedrock(), aws.s3(), event)
