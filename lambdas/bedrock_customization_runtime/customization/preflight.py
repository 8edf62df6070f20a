"""What account and Region must have before a job is paid: models to ask, room for one, a role.

A slot for a job frees itself when another ends, so a full quota of running jobs is left to the
retries of the state that starts the job. Room for custom models does not: it is refused here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_runtime import catalog, quotas
from bedrock_customization_runtime.customization import role_trust
from bedrock_customization_runtime.errors import (
    BaseModelUnavailable,
    JudgeUnavailable,
    QuotaExhausted,
    RoleNotAssumable,
)
from bedrock_customization_runtime.manifest import PreflightCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_service_quotas import ServiceQuotasClient

    from bedrock_customization_runtime.contract import JudgePlan

_MODELS, _MODEL_UNITS = "custom_models", "provisioned_model_units_without_commitment"
_ANY_JOB = "abcdefghijkl"
"""In the place of a job's id, which Bedrock chooses: 12 letters and digits."""
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


def check_account(
    bedrock: BedrockClient,
    iam: IAMClient,
    service_quotas: ServiceQuotasClient,
    *,
    base_model: str,
    execution_arn: str,
    teacher: str | None,
    role_arn: str | None,
    new_jobs: int,
    model_units: int = 0,
    judge: JudgePlan | None = None,
) -> list[PreflightCheck]:
    """Check what a run's jobs need, beside their base model.

    Args:
        bedrock: Client.
        iam: Client.
        service_quotas: Client.
        base_model: What is customized.
        execution_arn: The run, which says where its jobs will be.
        teacher: Of a distillation.
        role_arn: Service role of the jobs; None where nobody looks.
        new_jobs: How many jobs do not exist yet; without any nothing is needed any more.
        model_units: Of provisioned throughput that is bought afterwards.
        judge: Who judges the evaluation that follows, if anybody does.

    Raises:
        BaseModelUnavailable: The teacher is not offered.
        JudgeUnavailable: The judge is not.
        QuotaExhausted: The account has no room for the models, or no model units.
        RoleNotAssumable: Bedrock cannot assume the role.
    """
    if not new_jobs:
        return []
    checks = [check_teacher(bedrock, teacher)] if teacher else []
    if judge:
        checks.append(check_judge(bedrock, judge))
    if role_arn:
        checks.append(check_role(iam, role_arn, execution_arn=execution_arn, base_model=base_model))
    checks.append(check_model_quota(bedrock, service_quotas, more=new_jobs))
    if model_units:
        checks.append(check_model_units(bedrock, service_quotas, more=model_units))
    return checks


def check_teacher(bedrock: BedrockClient, teacher: str) -> PreflightCheck:
    """Check that a model may teach today.

    Args:
        bedrock: Client.
        teacher: Id or ARN of a foundation model, or of a system inference profile.

    Raises:
        BaseModelUnavailable: Bedrock does not offer it in this Region, or calls it legacy.
    """
    refusal = _refusal_of(bedrock, teacher)
    if refusal:
        raise BaseModelUnavailable(f"teacher: {refusal}: choose another (docs/base-models.md)")
    return PreflightCheck(name="teacher", passed=True, detail=f"{teacher} is ACTIVE")


def check_judge(bedrock: BedrockClient, plan: JudgePlan) -> PreflightCheck:
    """Check that a model may judge today.

    Args:
        bedrock: Client.
        plan: Who judges what.

    Returns:
        The check; it is not passed where the user guide did not list such a judge when this library
        was made, which a newer one may not be.

    Raises:
        JudgeUnavailable: Bedrock does not offer it in this Region, calls it legacy, or lets it be
            invoked by an inference profile alone.
    """
    judge, facts = plan["model"], catalog.judges()
    refusal = _refusal_of(bedrock, judge, by_itself=True)
    if refusal:
        raise JudgeUnavailable(f"judge: {refusal}: choose another (docs/judging.md)")
    is_listed = facts.lists(
        judge,
        built_in=bool(plan["metrics"]),
        custom=bool(plan["criteria"]) or "pairwise" in plan,
    )
    doubt = f", but the user guide of {facts.as_of} does not list it as a judge of such metrics"
    return PreflightCheck(
        name="judge", passed=is_listed, detail=f"{judge} is ACTIVE{'' if is_listed else doubt}"
    )


def _refusal_of(bedrock: BedrockClient, asked: str, *, by_itself: bool = False) -> str | None:
    """Return why a model cannot be asked today, None if it can.

    Args:
        bedrock: Client.
        asked: Id or ARN of a foundation model, or of a system inference profile.
        by_itself: Whether a foundation model must be there without a profile, if none is named.
    """
    profile, model = catalog.split_profile(asked)
    try:
        if profile:
            bedrock.get_inference_profile(inferenceProfileIdentifier=asked)
        details = bedrock.get_foundation_model(modelIdentifier=model)["modelDetails"]
    except (
        bedrock.exceptions.ResourceNotFoundException,
        bedrock.exceptions.ValidationException,
    ) as error:
        return f"Bedrock does not offer {asked} in {bedrock.meta.region_name} ({error})"
    status = details.get("modelLifecycle", {}).get("status", "ACTIVE")
    if status != "ACTIVE":
        return f"Bedrock calls {asked} {status}, so no new job may use it"
    if by_itself and not profile and "ON_DEMAND" not in details.get("inferenceTypesSupported", []):
        return f"{asked} is there through an inference profile alone, such as us.{model}"
    return None


def check_model_quota(
    bedrock: BedrockClient, service_quotas: ServiceQuotasClient, *, more: int
) -> PreflightCheck:
    """Check that the account has room for the models of new jobs, those of running jobs included.

    Args:
        bedrock: Client.
        service_quotas: Client; where it does not answer, the catalogue's figure counts.
        more: Jobs that do not exist yet.

    Raises:
        QuotaExhausted: It has not.
    """
    quota = catalog.service().quotas[_MODELS]
    value, source, _ = quotas.allowed(service_quotas, quota, as_of=catalog.service().as_of)
    models = sum(
        len(page["modelSummaries"])
        for page in bedrock.get_paginator("list_custom_models").paginate(isOwned=True)
    )
    running = sum(
        len(page["modelCustomizationJobSummaries"])
        for page in bedrock.get_paginator("list_model_customization_jobs").paginate(
            statusEquals="InProgress"
        )
    )
    counted = f"{models:,} models and {running:,} running jobs of {value:,} ({source})"
    if models + running + more > value:
        raise QuotaExhausted(
            f"custom models per account (quota {quota.code}): {counted} leave no room for "
            f"{more:,} more: delete models that nobody uses, or ask Service Quotas for more"
        )
    return PreflightCheck(name="custom models", passed=True, detail=counted)


def check_model_units(
    bedrock: BedrockClient, service_quotas: ServiceQuotasClient, *, more: int
) -> PreflightCheck:
    """Check that the account may buy so many model units without commitment.

    A new account may buy none, and raising that takes days: too late once a job is paid.

    Args:
        bedrock: Client.
        service_quotas: Client; where it does not answer, nothing is refused by the catalogue's
            figure, for the account may well have been given more.
        more: Model units to be bought.

    Raises:
        QuotaExhausted: It may not.
    """
    quota = catalog.service().quotas[_MODEL_UNITS]
    value, source, is_certain = quotas.allowed(service_quotas, quota, as_of=catalog.service().as_of)
    pages = bedrock.get_paginator("list_provisioned_model_throughputs").paginate()
    used = sum(
        one["modelUnits"]
        for page in pages
        for one in page["provisionedModelSummaries"]
        if "commitmentDuration" not in one
    )
    counted = f"{used:,} model units without commitment of {value:,} ({source})"
    fits = used + more <= value
    if not fits and is_certain:
        raise QuotaExhausted(
            f"model units without commitment (quota {quota.code}): {counted} leave no room for "
            f"{more:,} more: ask Service Quotas for them, which can take days, or deploy on demand"
        )
    return PreflightCheck(name="model units", passed=fits, detail=counted)


def _unread(why: str) -> PreflightCheck:
    return PreflightCheck(name="service role", passed=False, detail=f"{why}, so nobody checked it")


def check_role(
    iam: IAMClient, role_arn: str, *, execution_arn: str, base_model: str
) -> PreflightCheck:
    """Check that Bedrock may assume the service role for a job.

    Args:
        iam: Client.
        role_arn: The role.
        execution_arn: The run, which says where the job will be.
        base_model: What the job customizes.

    Returns:
        The check; it is not passed where the role may not be read, which is no reason to stop.

    Raises:
        RoleNotAssumable: Its trust policy does not let Bedrock, or it is none of this account's.
    """
    _, partition, _, region, account, *_ = execution_arn.split(":")
    if role_arn.split(":")[4] != account:
        raise RoleNotAssumable(
            f"customization_role {role_arn} is of another account than {account}, and Bedrock "
            "takes roles of the job's own account alone: name one of this account"
        )
    try:
        found = iam.get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchEntity":
            raise RoleNotAssumable(
                f"customization_role {role_arn} does not exist: deploy the stack again, or name "
                "another role"
            ) from None
        if code not in _DENIED:
            raise
        return _unread(f"the trust policy of {role_arn} may not be read ({code})")
    except BotoCoreError as error:
        # IAM has an endpoint for VPCs in one Region of a partition alone.
        return _unread(f"IAM was not reached for {role_arn} ({type(error).__name__})")
    job = (
        f"arn:{partition}:bedrock:{region}:{account}:model-customization-job/"
        f"{base_model}/{_ANY_JOB}"
    )
    # IAM sends it as text, and botocore has read it by now.
    policy = cast("Mapping[str, Any]", found["AssumeRolePolicyDocument"])
    refusal = role_trust.refusal_of(policy, account=account, source_arn=job)
    if refusal:
        raise RoleNotAssumable(
            f"customization_role {role_arn}: Bedrock cannot assume it by its trust policy: "
            f"{refusal}; docs/security.md shows one that lets it"
        )
    return PreflightCheck(
        name="service role", passed=True, detail=f"the trust policy of {role_arn} lets Bedrock"
    )
