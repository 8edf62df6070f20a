"""Before a custom model is asked for: where the trained model is, room for it, and the estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest
from bedrock_customization_runtime.contract.monitoring import RunMetric
from bedrock_customization_runtime.costs import items as bill
from bedrock_customization_runtime.costs.budget import check_budget
from bedrock_customization_runtime.costs.estimate import summed
from bedrock_customization_runtime.costs.quantities import AnswerLengths, RunTokens
from bedrock_customization_runtime.custom_model import artifacts
from bedrock_customization_runtime.customization.preflight import (
    check_model_quota,
    check_model_units,
)
from bedrock_customization_runtime.errors import ImportFailed
from bedrock_customization_runtime.manifest import PreflightCheck
from bedrock_customization_runtime.telemetry import emit

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_service_quotas import ServiceQuotasClient

    from bedrock_customization_runtime.aws_protocols import SageMakerClient
    from bedrock_customization_runtime.contract import InspectArtifacts, NovaArtifacts
    from bedrock_customization_runtime.manifest import EstimateSection


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanningClients:
    """AWS clients; that of SageMaker is made where it is asked."""

    s3: S3Client
    bedrock: BedrockClient
    service_quotas: ServiceQuotasClient
    sagemaker: Callable[[], SageMakerClient]


def plan(clients: PlanningClients, event: InspectArtifacts) -> NovaArtifacts:
    """Find a trained model, look for room and budget, and write the manifest's section.

    Args:
        clients: Of AWS.
        event: What is imported by which run.

    Raises:
        ImportFailed: The Region takes no such models, or none of the base model.
        ModelSourceRefused: The trained model is not there, may not be read, or is none that Bedrock
            takes.
        ModelRejected: The training job's output cannot be unpacked.
        QuotaExhausted: The account has no room for the model, or no model units.
        BudgetExceeded: The run would cost too much, or nobody knows how much.
    """
    run = event["run"]
    _, _, _, region, account, *_ = run["execution_arn"].split(":")
    document = manifest.load(clients.s3, run["manifest"])
    checks = [check_region(region), check_base_model(document.run.base_model)]
    checks += _room(clients, event)
    found = artifacts.locate(clients.s3, clients.sagemaker, event["source"], account=account)
    section = manifest.CustomModelSection(
        location=found.get("uri") or found["model_package"],
        training_job=event["source"].get("training_job"),
        base_model=document.run.base_model,
        model_name=event["model_name"],
    )
    estimate = _estimate(document, event)
    manifest.update(
        clients.s3,
        run["manifest"],
        lambda found: replace(found, preflight=checks, custom_model=section, estimate=estimate),
    )
    if estimate:
        check_budget(
            estimate,
            max_cost_usd=event.get("max_cost_usd"),
            allow_unknown_price=event["allow_unknown_price"],
        )
        emit(RunMetric.ESTIMATED_COST, estimate.known_usd)
    return found


def check_region(region: str) -> PreflightCheck:
    """Check that custom models can be created of trained ones in a Region.

    Raises:
        ImportFailed: They cannot.
    """
    rules = catalog.import_rules()
    if region not in rules.nova.regions:
        raise ImportFailed(
            f"{region} takes no Amazon Nova models of SageMaker AI (as of {rules.as_of}): "
            f"deploy the pipeline to {', '.join(rules.nova.regions)}"
        )
    return PreflightCheck(name="Region", passed=True, detail=f"{region} takes trained Nova models")


def check_base_model(id: str) -> PreflightCheck:
    """Check that CreateCustomModel takes models that were trained from a base model.

    Raises:
        ImportFailed: It does not.
    """
    known = catalog.import_rules().nova.base_models
    if id not in known:
        raise ImportFailed(
            f"{id} is no base model of which CreateCustomModel takes models that SageMaker AI has "
            f"trained: take one trained from {', '.join(known)}"
        )
    return PreflightCheck(name="base model", passed=True, detail=f"{id} may be trained elsewhere")


def _room(clients: PlanningClients, event: InspectArtifacts) -> list[PreflightCheck]:
    try:
        clients.bedrock.get_custom_model(modelIdentifier=event["model_name"])
        more = 0
    except clients.bedrock.exceptions.ResourceNotFoundException:
        more = 1
    room = [check_model_quota(clients.bedrock, clients.service_quotas, more=more)]
    units = event["throughput"]["model_units"] if "throughput" in event else 0
    if units:
        room.append(check_model_units(clients.bedrock, clients.service_quotas, more=units))
    return room


def _estimate(document: manifest.Manifest, event: InspectArtifacts) -> EstimateSection | None:
    """Return what the run costs; None where nothing was prepared, so that nobody can say."""
    if document.preparation is None:
        return None
    model = catalog.base_model(document.run.base_model)
    tokens = RunTokens.of(document.preparation)
    throughput, answers = event.get("throughput"), event.get("evaluation_max_tokens")
    asked = (
        bill.evaluating(
            model,
            tokens,
            None,
            AnswerLengths.of(tokens, None),
            answers,
            few_shot=event.get("evaluation_few_shot", 0),
            # Model units are paid by the hour, not their tokens.
            candidate_is_on_demand=throughput is None,
        )
        if answers
        else []
    )
    bought = [bill.throughput(model, throughput)] if throughput else []
    return summed([*asked, *bought], monthly=bill.keeping(model, throughput))
