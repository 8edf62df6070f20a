"""Before anything is copied: is the model one that Bedrock imports, and what would be copied?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest, weights
from bedrock_customization_runtime.costs.budget import check_budget
from bedrock_customization_runtime.costs.quantities import RunTokens
from bedrock_customization_runtime.errors import ModelRejected
from bedrock_customization_runtime.model_import import cost, room, uploads
from bedrock_customization_runtime.model_import.plan import (
    ImportScratch,
    StagedFile,
    StagingPlan,
    part_bytes_of,
    scratch_of,
    source_of,
)
from bedrock_customization_runtime.model_import.sources import opening
from bedrock_customization_runtime.s3 import objects
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_service_quotas import ServiceQuotasClient

    from bedrock_customization_runtime.contract import InspectModel, Run, Staging
    from bedrock_customization_runtime.manifest import EstimateSection, PreflightCheck
    from bedrock_customization_runtime.model_import.sources.opening import (
        OpenedSource,
        SourceClients,
    )
    from bedrock_customization_runtime.weights import Inspection

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_TOLD = 10
"""Findings in an error; the file holds all."""


class _Finding(msgspec.Struct, frozen=True, kw_only=True):
    rule: str
    is_error: bool
    file: str | None
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanningClients:
    """AWS clients."""

    sources: SourceClients
    bedrock: BedrockClient
    service_quotas: ServiceQuotasClient


def plan(clients: PlanningClients, event: InspectModel) -> Staging:
    """Pin and inspect a model, look for room and budget, and begin the uploads.

    A repeated call pins what the first one has pinned, and adopts its uploads.

    Args:
        clients: Of AWS.
        event: What is imported by which run.

    Raises:
        InvalidInput: The source makes no sense.
        ModelSourceRefused: It is not there, or may not be read.
        ModelSourceUnavailable: It does not answer now.
        SourceChanged: It is no longer what the run has pinned.
        ModelRejected: The model breaks a rule.
        ImportFailed: The Region imports no models.
        QuotaExhausted: The account has no room for the model.
        BudgetExceeded: The run would cost too much, or nobody knows how much.
    """
    run, s3 = event["run"], clients.sources.s3
    region = run["execution_arn"].split(":")[3]
    checks = [
        room.check_region(region),
        room.check_quota(clients.bedrock, clients.service_quotas, job_name=event["job_name"]),
    ]
    scratch = ImportScratch(s3, scratch_of(run))
    source = _source(clients.sources, event, scratch)
    inspection = _inspect(clients.sources, source, run, region)
    section = _section(source, inspection, run)
    estimate = _estimate(clients.sources, event)
    _record(clients.sources, run, section, checks, estimate)
    if estimate:
        check_budget(
            estimate,
            max_cost_usd=event.get("max_cost_usd"),
            allow_unknown_price=event["allow_unknown_price"],
        )
    made = _begin(clients.sources, event, source, inspection, scratch)
    scratch.write(made)
    return {
        "scratch": scratch.uri,
        "model": scratch.model,
        "batches": len(made.batches),
        "files": len(made.files),
    }


def _source(clients: SourceClients, event: InspectModel, scratch: ImportScratch) -> OpenedSource:
    known = scratch.find()
    if known and known.source == source_of(event["source"]):
        return opening.opened(clients, event["source"], known.pinned, scratch.heads)
    return opening.look(clients, event["source"], scratch.heads)


def _inspect(clients: SourceClients, source: OpenedSource, run: Run, region: str) -> Inspection:
    inspection = weights.inspect(source, catalog.import_rules(), region=region)
    found = [
        _Finding(
            rule=finding.rule.id,
            is_error=finding.is_error,
            file=finding.file,
            message=finding.message,
        )
        for finding in inspection.findings
    ]
    body = msgspec.json.format(msgspec.json.encode(found), indent=2)
    objects.write(clients.s3, _findings_uri(run), body, "application/json")
    errors = inspection.errors
    if errors:
        told = "; ".join(f"{one.rule.id}: {one.message}" for one in errors[:_TOLD])
        more = f"; and {len(errors) - _TOLD:,} more" if len(errors) > _TOLD else ""
        raise ModelRejected(
            f"{source.pinned.location} breaks {len(errors):,} rules of Custom Model Import "
            f"(all in {_findings_uri(run)}): {told}{more}"
        )
    if not inspection.chat_template:
        raise ModelRejected(
            f"{source.pinned.location} has no chat template, without which Bedrock refuses "
            "Converse, by which models are asked here: take the instruction-tuned model, or add "
            "chat_template to tokenizer_config.json"
        )
    for name in inspection.staged:
        if not _NAME.fullmatch(name):
            raise ModelRejected(
                f"{name!r} is no name that Bedrock takes: the model's files must lie in its folder "
                "itself, with names of letters, digits, dots, hyphens and underscores"
            )
    return inspection


def _section(source: OpenedSource, inspection: Inspection, run: Run) -> manifest.ImportSection:
    sizes = {file.name: file.size for file in source.pinned.files}
    return manifest.ImportSection(
        kind=source.pinned.kind,
        location=source.pinned.location,
        revision=source.pinned.revision,
        architecture=inspection.architecture or "",
        bytes=inspection.bytes,
        files=[manifest.ImportedFile(name=name, bytes=sizes[name]) for name in inspection.staged],
        left_out=len(inspection.ignored),
        inspection=_findings_uri(run),
        warnings=sorted({finding.rule.id for finding in inspection.findings}),
    )


def _estimate(clients: SourceClients, event: InspectModel) -> EstimateSection | None:
    """Return what the run costs; None where nothing was prepared, so that nobody can say."""
    document = manifest.load(clients.s3, event["run"]["manifest"])
    if document.preparation is None:
        return None
    return cost.estimate(
        catalog.base_model(document.run.base_model),
        RunTokens.of(document.preparation),
        units=None,
        answer_tokens=event.get("evaluation_max_tokens"),
        few_shot=event.get("evaluation_few_shot", 0),
    )


def _record(
    clients: SourceClients,
    run: Run,
    section: manifest.ImportSection,
    checks: list[PreflightCheck],
    estimate: EstimateSection | None,
) -> None:
    def changed(found: manifest.Manifest) -> manifest.Manifest:
        return replace(found, preflight=checks, model_import=section, estimate=estimate)

    manifest.update(clients.s3, run["manifest"], changed)


def _begin(
    clients: SourceClients,
    event: InspectModel,
    source: OpenedSource,
    inspection: Inspection,
    scratch: ImportScratch,
) -> StagingPlan:
    """Begin an upload for each file, or adopt the one that an earlier call began."""
    by_name = {file.name: file for file in source.pinned.files}
    begun = uploads.begun_below(clients.s3, scratch.model)
    limits = event["staging"]
    known = scratch.find()
    part_bytes = {one.file.name: one.part_bytes for one in known.files} if known else {}
    files = []
    for name in sorted(inspection.staged):
        file = by_name[name]
        uri = S3Uri.parse(f"{scratch.model}{name}")
        is_there = uploads.staged_version(clients.s3, uri, file.size) is not None
        upload = begun.get(uri.key) or ("" if is_there else uploads.begin(clients.s3, uri))
        # What was begun with parts of a size goes on with them.
        size = part_bytes.get(name) or part_bytes_of(file.size, limits["part_bytes"])
        files.append(StagedFile(file=file, part_bytes=size, upload_id=upload))
    return StagingPlan(
        source=source_of(event["source"]),
        pinned=source.pinned,
        model=scratch.model,
        files=files,
        batch_bytes=limits["batch_bytes"],
    )


def _findings_uri(run: Run) -> str:
    return f"{run['artifacts']}/import/findings.json"
