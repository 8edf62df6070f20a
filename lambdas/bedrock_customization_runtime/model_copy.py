"""Copies of custom models that another account or Region has made: what is checked, what is kept.

Step Functions asks for the copy and waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest, times
from bedrock_customization_runtime.costs import items as bill
from bedrock_customization_runtime.costs.estimate import summed
from bedrock_customization_runtime.customization.preflight import (
    check_model_quota,
    check_model_units,
)
from bedrock_customization_runtime.errors import CopyFailed
from bedrock_customization_runtime.manifest import PreflightCheck

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_service_quotas import ServiceQuotasClient

    from bedrock_customization_runtime.contract import CheckCopy, CopiedModel, RecordCopy


def check(
    bedrock: BedrockClient, s3: S3Client, service_quotas: ServiceQuotasClient, event: CheckCopy
) -> None:
    """Look for what would keep the copy from being of use, and write the manifest's section.

    Args:
        bedrock: Client.
        s3: Client.
        service_quotas: Client.
        event: What is copied by which run.

    Raises:
        CopyFailed: No document lists the Region among those to which such models are copied.
        QuotaExhausted: The account has no room for the copy, or no model units.
    """
    run = event["run"]
    region = run["execution_arn"].split(":")[3]
    model = catalog.base_model(manifest.load(s3, run["manifest"]).run.base_model)
    throughput = event.get("throughput")
    checks = [_check_region(model, region), _check_room(bedrock, service_quotas, event)]
    if throughput:
        units = throughput["model_units"]
        checks.append(check_model_units(bedrock, service_quotas, more=units))
    bought = [bill.throughput(model, throughput)] if throughput else []
    estimate = summed(bought, monthly=bill.keeping(model, throughput))
    section = manifest.ModelCopySection(
        source_model_arn=run["source"], model_name=event["model_name"]
    )
    manifest.update(
        s3,
        run["manifest"],
        lambda found: replace(found, preflight=checks, model_copy=section, estimate=estimate),
    )


def record(bedrock: BedrockClient, s3: S3Client, event: RecordCopy) -> CopiedModel:
    """Keep what was copied.

    Args:
        bedrock: Client.
        s3: Client.
        event: Which copy of which run.

    Raises:
        CopyFailed: Bedrock says that the model was made of another base model.
    """
    made = bedrock.get_custom_model(modelIdentifier=event["model_arn"])
    found = manifest.load(s3, event["run"]["manifest"])
    if found.model_copy is None:
        raise CopyFailed("the manifest has no copy that was checked: start a new run")
    base = made.get("baseModelArn", "").partition(":foundation-model/")[2]
    # But for the last part, which is the length of the context.
    if base and not base.startswith(found.run.base_model.rpartition(":")[0]):
        raise CopyFailed(
            f"Bedrock says that the model was made of {base}, and the pipeline is of "
            f"{found.run.base_model}: promote it by a pipeline of its own base model"
        )
    copy = replace(
        found.model_copy,
        job_arn=event["job_arn"],
        model_arn=made["modelArn"],
        created=times.iso(made["creationTime"]),
    )
    manifest.update(s3, event["run"]["manifest"], lambda newest: replace(newest, model_copy=copy))
    return {"model_arn": made["modelArn"]}


def _check_region(model: catalog.BaseModel, region: str) -> PreflightCheck:
    if region not in model.copy_regions:
        raise CopyFailed(
            f"custom models of {model.id} are not copied to {region} (as of {model.as_of}): deploy "
            f"the pipeline to {', '.join(model.copy_regions)}"
        )
    return PreflightCheck(name="Region", passed=True, detail=f"{region} takes copies")


def _check_room(
    bedrock: BedrockClient, service_quotas: ServiceQuotasClient, event: CheckCopy
) -> PreflightCheck:
    try:
        bedrock.get_custom_model(modelIdentifier=event["model_name"])
        more = 0
    except bedrock.exceptions.ResourceNotFoundException:
        more = 1
    return check_model_quota(bedrock, service_quotas, more=more)
