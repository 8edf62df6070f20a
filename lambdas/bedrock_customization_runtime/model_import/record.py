"""After the import: what Bedrock made of the files, for the manifest and the states that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest, times
from bedrock_customization_runtime.costs.budget import check_budget
from bedrock_customization_runtime.costs.quantities import RunTokens
from bedrock_customization_runtime.errors import ImportFailed
from bedrock_customization_runtime.model_import import cost, uploads
from bedrock_customization_runtime.model_import.plan import ImportScratch

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import (
        GetImportedModelResponseTypeDef,
        GetModelImportJobResponseTypeDef,
    )
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import ImportedModel, RecordImport


def record(bedrock: BedrockClient, s3: S3Client, event: RecordImport) -> ImportedModel:
    """Keep what was imported, hold its units against the budget, and delete the copied files.

    Nothing was paid so far: a copy bills from its first answer on.

    Args:
        bedrock: Client.
        s3: Client.
        event: Which job of which run.

    Raises:
        ImportFailed: Bedrock does not say how many units a copy has, or the model does not take
            Converse.
        BudgetExceeded: With the units that Bedrock says, the run costs too much.
    """
    job = bedrock.get_model_import_job(jobIdentifier=event["job_arn"])
    model = bedrock.get_imported_model(modelIdentifier=job["importedModelArn"])
    section = _job(job, model)
    scratch = ImportScratch(s3, event["scratch"])
    digests = _digests(scratch)

    def changed(found: manifest.Manifest) -> manifest.Manifest:
        imported = found.model_import
        if imported is None:
            raise ImportFailed("the manifest has no model that was inspected: start a new run")
        files = [replace(file, sha256=digests.get(file.name)) for file in imported.files]
        return replace(
            found,
            model_import=replace(imported, files=files, job=section),
            estimate=_estimate(found, section.units_per_copy, event),
        )

    written = manifest.update(s3, event["run"]["manifest"], changed)
    if written.estimate:
        check_budget(
            written.estimate,
            max_cost_usd=event.get("max_cost_usd"),
            allow_unknown_price=event["allow_unknown_price"],
        )
    if not section.instruct_supported:
        raise ImportFailed(
            f"Bedrock says that {section.model_arn} does not take Converse, by which models are "
            "asked here: docs/model-import.md says which do not"
        )
    uploads.delete_below(s3, scratch.model)
    return {
        "arn": section.model_arn,
        "architecture": section.architecture,
        "instruct_supported": section.instruct_supported,
        "units_per_copy": section.units_per_copy,
    }


def _job(
    job: GetModelImportJobResponseTypeDef, model: GetImportedModelResponseTypeDef
) -> manifest.ImportJob:
    units = model.get("customModelUnits", {}).get("customModelUnitsPerModelCopy")
    if units is None:
        raise ImportFailed(
            f"Bedrock does not say how many custom model units a copy of {model['modelArn']} has, "
            "so nobody can say what it costs: ask AWS support"
        )
    return manifest.ImportJob(
        job_arn=job["jobArn"],
        model_arn=model["modelArn"],
        started=times.iso(job["creationTime"]),
        ended=times.iso(job.get("endTime", job["lastModifiedTime"])),
        architecture=model["modelArchitecture"],
        instruct_supported=model.get("instructSupported", False),
        units_per_copy=units,
    )


def _digests(scratch: ImportScratch) -> dict[str, str]:
    found = [
        (staged.file.name, scratch.finished(number))
        for number, staged in enumerate(scratch.read().files)
    ]
    return {name: finished.sha256 for name, finished in found if finished}


def _estimate(
    found: manifest.Manifest, units: int, event: RecordImport
) -> manifest.EstimateSection | None:
    if found.preparation is None:
        return None
    return cost.estimate(
        catalog.base_model(found.run.base_model),
        RunTokens.of(found.preparation),
        units=units,
        answer_tokens=event.get("evaluation_max_tokens"),
        few_shot=event.get("evaluation_few_shot", 0),
    )
