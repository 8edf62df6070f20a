"""Before a customization job is paid: is all there that it needs, and may it cost so much?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest
from bedrock_customization_runtime.contract.monitoring import RunMetric
from bedrock_customization_runtime.costs.budget import check_budget
from bedrock_customization_runtime.costs.estimate import estimate_run
from bedrock_customization_runtime.costs.quantities import RunTokens
from bedrock_customization_runtime.customization import plan, preflight
from bedrock_customization_runtime.telemetry import emit

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_service_quotas import ServiceQuotasClient

    from bedrock_customization_runtime.contract import Job, PlanJob, ProposeCandidates
    from bedrock_customization_runtime.manifest import PreflightCheck


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanningClients:
    """AWS clients."""

    bedrock: BedrockClient
    iam: IAMClient
    s3: S3Client
    service_quotas: ServiceQuotasClient


def plan_job(clients: PlanningClients, event: PlanJob) -> Job:
    """Return the run's job, after all that speaks against it was looked for.

    Raises:
        BaseModelUnavailable: No job may start with the base model, or learn from the teacher.
        JudgeUnavailable: The judge of the evaluation is not offered.
        QuotaExhausted: The account has no room for the model.
        RoleNotAssumable: Bedrock cannot assume the service role.
        BudgetExceeded: The run would cost too much, or nobody knows how much.
        InvalidInput: A hyperparameter does not fit.
        CustomizationFailed: As of `plan.next_job`.
    """
    run, method = event["run"], catalog.Method(event["method"])
    model = plan.check_base_model(clients.bedrock, event["base_model"], method)
    if "parent" in event:
        plan.check_parent(clients.bedrock, event["parent"], model)
    hyperparameters = plan.hyperparameters(
        model, method, event["hyperparameters"], run["hyperparameters"]
    )
    document = manifest.load(clients.s3, run["manifest"])
    teaching = event.get("teaching")
    estimate = estimate_run(
        model,
        method,
        RunTokens.of(document.prepared(), document.baseline),
        jobs=[hyperparameters],
        teaching=teaching,
        answer_tokens=event.get("evaluation_max_tokens"),
        few_shot=event.get("evaluation_few_shot", 0),
        throughput=event.get("throughput"),
        judge=event.get("judge"),
    )
    job = plan.next_job(clients.bedrock, run["execution_arn"], hyperparameters)
    is_new = plan.is_new(clients.bedrock, job["name"])
    checks = check_account(
        clients,
        event,
        new_jobs=int(is_new),
        teacher=teaching["teacher"] if teaching else None,
    )
    manifest.update(
        clients.s3,
        run["manifest"],
        lambda found: replace(found, preflight=checks or found.preflight, estimate=estimate),
    )
    check_budget(
        estimate,
        max_cost_usd=event.get("max_cost_usd"),
        allow_unknown_price=event["allow_unknown_price"],
    )
    if is_new:
        emit(RunMetric.ESTIMATED_COST, estimate.known_usd)
    return job


def check_account(
    clients: PlanningClients,
    event: PlanJob | ProposeCandidates,
    *,
    new_jobs: int,
    teacher: str | None = None,
) -> list[PreflightCheck]:
    """Check what the jobs of an event need, as `preflight.check_account` does.

    Args:
        clients: AWS clients.
        event: Of a job, or of a round of a sweep.
        new_jobs: How many jobs do not exist yet.
        teacher: Of a distillation.
    """
    return preflight.check_account(
        clients.bedrock,
        clients.iam,
        clients.service_quotas,
        base_model=event["base_model"],
        execution_arn=event["run"]["execution_arn"],
        teacher=teacher,
        role_arn=event.get("role_arn"),
        new_jobs=new_jobs,
        model_units=event["throughput"]["model_units"] if "throughput" in event else 0,
        judge=event.get("judge"),
    )
