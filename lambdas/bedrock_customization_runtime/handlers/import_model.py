"""Lambda function of the states that import a model, each a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.model_import import finishing, planning, record, steps
from bedrock_customization_runtime.model_import.plan import ImportScratch
from bedrock_customization_runtime.model_import.sources.opening import SourceClients
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        ImportedModel,
        ImportModelInput,
        StagedParts,
        Staging,
    )


class _Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


@observed
def handler(
    event: ImportModelInput, context: _Context
) -> Staging | StagedParts | ImportedModel | None:
    """Do one step of an import; each may be repeated.

    Raises:
        InvalidInput: The source makes no sense.
        ModelSourceRefused: It is not there, or may not be read.
        ModelSourceUnavailable: It does not answer now.
        SourceChanged: It is no longer what the run has pinned.
        ModelRejected: The model breaks a rule of Custom Model Import.
        ModelCorrupted: A copied file is not the one that its source lists.
        ImportFailed: The Region imports no models.
        QuotaExhausted: The account has no room for the model.
        BudgetExceeded: The run would cost too much, or nobody knows how much.
    """
    sources = SourceClients(
        s3=aws.s3(), sagemaker=aws.sagemaker, secrets_manager=aws.secrets_manager
    )
    match event["step"]:
        case "inspect":
            clients = planning.PlanningClients(
                sources=sources, bedrock=aws.bedrock(), service_quotas=aws.service_quotas()
            )
            return planning.plan(clients, event)
        case "stage":
            done = steps.stage(sources, event, remaining_ms=context.get_remaining_time_in_millis)
            return {"done": done}
        case "finish-file":
            scratch = ImportScratch(aws.s3(), event["scratch"])
            finishing.finish(aws.s3(), scratch, scratch.read(), event["number"])
            return None
        case "record":
            return record.record(aws.bedrock(), aws.s3(), event)
