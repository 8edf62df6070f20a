"""Has the account room for another imported model, and may its Region import at all?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import catalog, quotas
from bedrock_customization_runtime.errors import ImportFailed, QuotaExhausted
from bedrock_customization_runtime.manifest import PreflightCheck

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_service_quotas import ServiceQuotasClient

_MODELS = "imported_models"


def check_region(region: str) -> PreflightCheck:
    """Check that models can be imported in a Region.

    Raises:
        ImportFailed: They cannot.
    """
    rules = catalog.import_rules()
    if region not in rules.regions:
        raise ImportFailed(
            f"Custom Model Import is not offered in {region} (as of {rules.as_of}): deploy the "
            f"pipeline to {', '.join(rules.regions)}"
        )
    return PreflightCheck(name="Region", passed=True, detail=f"{region} imports models")


def check_quota(
    bedrock: BedrockClient, service_quotas: ServiceQuotasClient, *, job_name: str
) -> PreflightCheck:
    """Check that the account has room for one more model, those being imported included.

    Args:
        bedrock: Client.
        service_quotas: Client; where it does not answer, the catalogue's figure counts.
        job_name: Of this run's job, whose model is counted already once it exists.

    Raises:
        QuotaExhausted: It has not.
    """
    rules = catalog.import_rules()
    quota = rules.quotas[_MODELS]
    value, source, _ = quotas.allowed(service_quotas, quota, as_of=rules.as_of)
    models = sum(
        len(page["modelSummaries"])
        for page in bedrock.get_paginator("list_imported_models").paginate()
    )
    running = [
        one["jobName"]
        for page in bedrock.get_paginator("list_model_import_jobs").paginate(
            statusEquals="InProgress"
        )
        for one in page.get("modelImportJobSummaries", [])
    ]
    counted = f"{models:,} models and {len(running):,} running imports of {value:,} ({source})"
    if (
        job_name not in running
        and models + len(running) + 1 > value
        and not _exists(bedrock, job_name)
    ):
        raise QuotaExhausted(
            f"imported models per account (quota {quota.code}): {counted} leave no room for "
            "another: delete one that nobody uses (aws bedrock delete-imported-model), or ask "
            "Service Quotas for more"
        )
    return PreflightCheck(name="imported models", passed=True, detail=counted)


def _exists(bedrock: BedrockClient, job_name: str) -> bool:
    try:
        found = bedrock.get_model_import_job(jobIdentifier=job_name)
    except bedrock.exceptions.ResourceNotFoundException:
        return False
    return found["status"] == "Completed"
