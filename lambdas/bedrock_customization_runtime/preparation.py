"""Data preparation on S3: an object or a prefix in, a data set and its evidence out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest
from bedrock_customization_runtime.costs.quantities import side_tokens
from bedrock_customization_runtime.datasets import power
from bedrock_customization_runtime.datasets.checking.privacy import Privacy
from bedrock_customization_runtime.datasets.enrichment import Answers, prices_of
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.record_formats.log_selection import LogSelection
from bedrock_customization_runtime.datasets.report import report
from bedrock_customization_runtime.datasets.settings import Settings
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.datasets.token_counts import TokenCount
from bedrock_customization_runtime.enrichment import parts
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput
from bedrock_customization_runtime.manifest import (
    EnrichmentRecord,
    FileRecord,
    Finding,
    PreparationSection,
    RefusalSection,
)
from bedrock_customization_runtime.s3 import media, objects, sources, streams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.catalog import MethodRules
    from bedrock_customization_runtime.contract import (
        EnrichmentPlan,
        Preparation,
        PrepareDataInput,
        Run,
    )
    from bedrock_customization_runtime.datasets.preparation import PreparedDataset
    from bedrock_customization_runtime.datasets.record_source import RecordSource


def prepare(s3: S3Client, event: PrepareDataInput, *, memory: int | None = None) -> Preparation:
    """Make a run's data set, then record it in the run's manifest. A repeat writes the same bytes.

    Args:
        s3: Client.
        event: What to prepare, for which base model, how.
        memory: Of this function, in bytes; None where nobody limits it.

    Returns:
        Where the files are, and counts.

    Raises:
        InvalidInput: The source does not exist, or a setting makes no sense.
        SourceChanged: The source was overwritten while it was read.
        DatasetRejected: The data cannot be used. The report and the rejected records are written
            nevertheless, wherever the source could be read at all.
    """
    run = event["run"]
    enriched = _Enriched.of(s3, event)
    answers = enriched.answers if enriched else None
    settings = settings_of(s3, event, answers, memory=memory)
    source = sources.pin(s3, run["source"])
    with sources.examine_source(source, settings) as examined:
        rejected = write_rejected(s3, run, examined.rejected_lines())
        try:
            prepared = divide(examined, by_model=answers.lines if answers else ())
        except DatasetRejected as refusal:
            raise refused(s3, run, examined, refusal, rejected) from None
        record = sources.record_of(source, sha256=source.sha256, records=examined.read)
        return write_prepared(
            s3,
            run,
            examined=examined,
            prepared=prepared,
            source=record,
            rejected=rejected,
            enrichment=enriched.record() if enriched else None,
        )


def method_of(base_model: str, method: str) -> MethodRules:
    """Return the rules of customizing a base model.

    Args:
        base_model: Id for customization.
        method: Value of `catalog.Method`.

    Raises:
        InvalidInput: The catalogue does not know it, or it is not customized that way.
    """
    try:
        model = catalog.base_model(base_model)
    except catalog.UnknownBaseModelError as error:
        raise InvalidInput(f"base_model: {error}") from None
    rules = model.methods.get(catalog.Method(method))
    if rules is None:
        raise InvalidInput(
            f"base_model: {model.id} does not support {method}, only "
            f"{' and '.join(model.methods)}: choose another base model"
        )
    return rules


def settings_of(
    s3: S3Client,
    event: PrepareDataInput,
    answers: Answers | None = None,
    *,
    memory: int | None = None,
) -> Settings:
    """Return what an event asks for.

    Args:
        s3: Client, to look at media.
        event: What to prepare.
        answers: What a model added.
        memory: Of a function that prepares all records at once, in bytes.

    Raises:
        InvalidInput: A setting makes no sense.
    """
    return Settings(
        base_model=event["base_model"],
        method=method_of(event["base_model"], event["method"]),
        template=event.get("template"),
        split=event["split"],
        max_rejected=event["max_rejected"],
        privacy=Privacy(event.get("privacy", Privacy.FLAG)),
        media_below=media.reachable(event["run"]),
        media=media.S3Media(s3),
        enrich=answers,
        memory=memory,
        logs=LogSelection(event["logs"]) if "logs" in event else None,
    )


def write_rejected(s3: S3Client, run: Run, lines: Iterator[bytes]) -> FileRecord | None:
    """Write the rejected records, if there are any.

    Args:
        s3: Client.
        run: Whose they are.
        lines: As `Rejections.lines` yields them.
    """
    first = next(lines, None)
    if first is None:
        return None
    # They quote the source, so they lie beside it, not among the artifacts that people pass around.
    uri = f"{run['data']}/preparation/rejected.jsonl"
    return streams.write_lines(s3, uri, chain([first], lines))


def refused(
    s3: S3Client,
    run: Run,
    examined: RecordSource,
    refusal: DatasetRejected,
    rejected: FileRecord | None,
) -> DatasetRejected:
    """Write the report of data that cannot be used; return the refusal with where to look."""
    uri = _report_uri(run)
    _write_report(s3, uri, report(examined, None, str(refusal)))
    section = RefusalSection(
        read=examined.read,
        rejected=examined.rejected,
        omitted=examined.omitted,
        record_format=examined.settings.method.record_format.value,
        findings=_findings(examined),
        report=uri,
        rejected_records=rejected.uri if rejected else None,
    )
    manifest.update(s3, run["manifest"], lambda found: replace(found, refusal=section))
    records = f"; rejected records: {rejected.uri}" if rejected else ""
    return DatasetRejected(f"{refusal} (report: {uri}{records})")


def write_prepared(
    s3: S3Client,
    run: Run,
    *,
    examined: RecordSource,
    prepared: PreparedDataset,
    source: FileRecord,
    rejected: FileRecord | None,
    enrichment: EnrichmentRecord | None = None,
) -> Preparation:
    """Write the sides and the report, then the run's manifest; return where they are."""
    section = _write_sides(
        s3, run, examined=examined, prepared=prepared, source=source, rejected=rejected
    )
    _write_report(s3, _report_uri(run), report(examined, prepared))
    if enrichment:
        section = replace(section, enrichment=enrichment)
    manifest.update(
        s3, run["manifest"], lambda found: replace(found, preparation=section, refusal=None)
    )
    return {
        "train": section.train.uri,
        "validation": section.validation.uri if section.validation else None,
        "test": section.test.uri,
        "report": _report_uri(run),
        "counts": {
            "read": section.read,
            "rejected": examined.rejected,
            "omitted": examined.omitted,
            "duplicates": section.duplicates,
            "train": section.train.records,
            "validation": section.validation.records if section.validation else 0,
            "test": section.test.records,
        },
    }


def _write_sides(
    s3: S3Client,
    run: Run,
    *,
    examined: RecordSource,
    prepared: PreparedDataset,
    source: FileRecord,
    rejected: FileRecord | None,
) -> PreparationSection:
    def write(side: Side, uri: str, count: TokenCount | None = None) -> FileRecord:
        lines = prepared.lines(side)
        return streams.write_lines(s3, uri, count.counting(lines) if count else lines)

    method = examined.settings.method
    blind = TokenCount.of_blind_set()
    is_taught = method.method is catalog.Method.DISTILLATION
    prompts = TokenCount.of_records(method.record_format) if is_taught else None
    return PreparationSection(
        source=source,
        train=write(Side.TRAIN, f"{run['data']}/prepared/train.jsonl", prompts),
        validation=(
            write(Side.VALIDATION, f"{run['data']}/prepared/validation.jsonl")
            if prepared.count(Side.VALIDATION)
            else None
        ),
        test=write(Side.TEST, f"{run['blind']}/test.jsonl", blind),
        rejected=rejected,
        read=examined.read,
        omitted=examined.omitted,
        duplicates=prepared.duplicates,
        estimated_tokens=prepared.estimated_tokens,
        prompt_tokens=side_tokens(prompts) if prompts else None,
        blind_tokens=side_tokens(blind),
        record_format=examined.settings.method.record_format.value,
        findings=_findings(examined),
        label_counts=prepared.label_counts,
        left_out=prepared.left_out,
        clusters=prepared.clusters,
        plain_split_leaks=prepared.plain_split_leaks,
        minimum_detectable_effect=round(
            power.minimum_detectable_effect(prepared.count(Side.TEST)), 4
        ),
        personal_data=dict(sorted(examined.personal_data.items())),
    )


def _report_uri(run: Run) -> str:
    return f"{run['artifacts']}/preparation/report.json"


def _write_report(s3: S3Client, uri: str, body: bytes) -> None:
    objects.write(s3, uri, body, "application/json")


def _findings(examined: RecordSource) -> list[Finding]:
    return [
        Finding(
            rule=found.rule.id,
            severity=found.rule.severity,
            count=found.count,
            message=found.message,
            lines=list(found.lines),
            files=list(found.files),
        )
        for found in examined.findings.all()
    ]


@dataclass(frozen=True, slots=True)
class _Enriched:
    """What a model added, and where that came from."""

    plan: EnrichmentPlan
    answers: Answers
    file: FileRecord
    cost_usd: float

    @classmethod
    def of(cls, s3: S3Client, event: PrepareDataInput) -> Self | None:
        plan = event.get("enrichment")
        if plan is None:
            return None
        records, file = parts.read_all(s3, event["run"])
        prices = prices_of(plan)
        paid = {
            record.key: prices.of(record.input_tokens, record.output_tokens)
            for record in records
            if record.paid_by == event["run"]["key"]
        }
        answers = Answers(plan, {record.key: record.answer for record in records})
        return cls(plan, answers, file, round(sum(paid.values()), 9))

    def record(self) -> EnrichmentRecord:
        return EnrichmentRecord(
            task=self.plan["task"],
            model=self.plan["model"],
            answers=self.file,
            written=len(self.answers.lines),
            scored=self.answers.scored,
            cost_usd=self.cost_usd,
        )
