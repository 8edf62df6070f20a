"""Data preparation on S3: one source object in, a data set and its evidence out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest, storage, streams
from bedrock_customization_runtime.datasets import power
from bedrock_customization_runtime.datasets.enrichment import Answers, prices_of
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.privacy import Privacy
from bedrock_customization_runtime.datasets.report import report
from bedrock_customization_runtime.datasets.settings import Settings
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.enrichment import parts
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput
from bedrock_customization_runtime.manifest import (
    EnrichmentRecord,
    FileRecord,
    Finding,
    PreparationSection,
    RefusalSection,
)
from bedrock_customization_runtime.media import S3Media

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.catalog import MethodRules
    from bedrock_customization_runtime.contract import (
        EnrichmentPlan,
        Preparation,
        PrepareDataInput,
        Run,
    )
    from bedrock_customization_runtime.datasets.examination import Examined
    from bedrock_customization_runtime.datasets.preparation import PreparedDataset


def prepare(s3: S3Client, event: PrepareDataInput) -> Preparation:
    """Make a run's data set, then record it in the run's manifest. A repeat writes the same bytes.

    Args:
        s3: Client.
        event: What to prepare, for which base model, how.

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
    settings = _settings(s3, event, answers)
    source = streams.PinnedObject(s3, run["source"])
    report_uri = f"{run['artifacts']}/preparation/report.json"
    with examine(source.chunks(), settings) as examined:
        rejected = _write_rejected(s3, run, examined)
        try:
            prepared = divide(examined, by_model=answers.lines if answers else ())
        except DatasetRejected as refusal:
            _write_report(s3, report_uri, report(examined, None, str(refusal)))
            refused = _refusal(examined, report_uri, rejected)
            manifest.update(s3, run["manifest"], lambda found: replace(found, refusal=refused))
            raise DatasetRejected(f"{refusal} ({_where_to_look(report_uri, rejected)})") from None
        section = _write_sides(
            s3, run, examined=examined, prepared=prepared, source=source, rejected=rejected
        )
        if enriched:
            section = replace(section, enrichment=enriched.record())
        _write_report(s3, report_uri, report(examined, prepared))
    manifest.update(
        s3, run["manifest"], lambda found: replace(found, preparation=section, refusal=None)
    )
    return {
        "train": section.train.uri,
        "validation": section.validation.uri if section.validation else None,
        "test": section.test.uri,
        "report": report_uri,
        "counts": {
            "read": section.read,
            "rejected": examined.rejected,
            "duplicates": section.duplicates,
            "train": section.train.records,
            "validation": section.validation.records if section.validation else 0,
            "test": section.test.records,
        },
    }


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


def _settings(s3: S3Client, event: PrepareDataInput, answers: Answers | None) -> Settings:
    return Settings(
        base_model=event["base_model"],
        method=method_of(event["base_model"], event["method"]),
        template=event.get("template"),
        split=event["split"],
        maximum_rejected=event["maximum_rejected"],
        privacy=Privacy(event.get("privacy", Privacy.FLAG)),
        bucket=storage.S3Uri.parse(event["run"]["data"]).bucket,
        media=S3Media(s3),
        enrich=answers,
    )


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


def _write_sides(
    s3: S3Client,
    run: Run,
    *,
    examined: Examined,
    prepared: PreparedDataset,
    source: streams.PinnedObject,
    rejected: FileRecord | None,
) -> PreparationSection:
    def write(side: Side, uri: str) -> FileRecord:
        return streams.write_lines(s3, uri, prepared.lines(side))

    return PreparationSection(
        source=FileRecord(
            uri=run["source"], sha256=source.sha256, bytes=source.size, records=examined.read
        ),
        train=write(Side.TRAIN, f"{run['data']}/prepared/train.jsonl"),
        validation=(
            write(Side.VALIDATION, f"{run['data']}/prepared/validation.jsonl")
            if prepared.count(Side.VALIDATION)
            else None
        ),
        test=write(Side.TEST, f"{run['blind']}/test.jsonl"),
        rejected=rejected,
        read=examined.read,
        duplicates=prepared.duplicates,
        estimated_tokens=prepared.estimated_tokens,
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


def _refusal(examined: Examined, report_uri: str, rejected: FileRecord | None) -> RefusalSection:
    return RefusalSection(
        read=examined.read,
        rejected=examined.rejected,
        record_format=examined.settings.method.record_format.value,
        findings=_findings(examined),
        report=report_uri,
        rejected_records=rejected.uri if rejected else None,
    )


def _findings(examined: Examined) -> list[Finding]:
    return [
        Finding(
            rule=found.rule.id,
            severity=found.rule.severity,
            count=found.count,
            message=found.message,
            lines=list(found.lines),
        )
        for found in examined.findings.all()
    ]


def _write_rejected(s3: S3Client, run: Run, examined: Examined) -> FileRecord | None:
    if not examined.rejected:
        return None
    # They quote the source, so they lie beside it, not among the artifacts that people pass around.
    uri = f"{run['data']}/preparation/rejected.jsonl"
    return streams.write_lines(s3, uri, examined.rejected_lines())


def _write_report(s3: S3Client, uri: str, body: bytes) -> None:
    storage.write(s3, uri, body, "application/json")


def _where_to_look(report_uri: str, rejected: FileRecord | None) -> str:
    records = f"; rejected records: {rejected.uri}" if rejected else ""
    return f"report: {report_uri}{records}"
