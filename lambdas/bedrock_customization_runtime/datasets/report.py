"""What preparation found, for machines: counts, rules and lines; of the records only labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from bedrock_customization_runtime.datasets.rules import Verdict  # noqa: TC001 - msgspec reads it
from bedrock_customization_runtime.datasets.splitting import Side

if TYPE_CHECKING:
    from bedrock_customization_runtime.datasets.examination import Examined
    from bedrock_customization_runtime.datasets.preparation import PreparedDataset

SCHEMA_VERSION = 1


class ReportedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that some records broke."""

    rule: str
    verdict: Verdict
    severity: Literal["error", "warning"]
    count: int
    lines: tuple[int, ...]
    """The first few, from 1."""
    what: str
    why: str
    fix: str
    detail: str | None
    """Figures, for a rule of the whole data set."""


class PreparedCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What a data set that was not refused consists of."""

    duplicates: int
    train: int
    validation: int
    test: int
    estimated_tokens: int
    label_counts: dict[str, int]
    """Training records by answer, where answers are labels."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The document."""

    schema_version: int = SCHEMA_VERSION
    base_model: str
    record_format: str
    read: int
    accepted: int
    rejected: int
    refusal: str | None
    """Why the data set as a whole was refused."""
    prepared: PreparedCounts | None
    findings: list[ReportedFinding]


def report(
    examined: Examined, prepared: PreparedDataset | None, refusal: str | None = None
) -> bytes:
    """Return the report as JSON.

    Args:
        examined: The first pass.
        prepared: The second, unless the data set was refused.
        refusal: Why it was.
    """
    document = Report(
        base_model=examined.settings.base_model,
        record_format=examined.settings.method.record_format.value,
        read=examined.read,
        accepted=examined.accepted,
        rejected=examined.rejected,
        refusal=refusal,
        prepared=None if prepared is None else _counts(prepared),
        findings=[
            ReportedFinding(
                rule=found.rule.id,
                verdict=found.rule.verdict,
                severity=found.rule.severity,
                count=found.count,
                lines=found.lines,
                what=found.rule.what,
                why=found.rule.why,
                fix=found.rule.fix,
                detail=found.detail,
            )
            for found in examined.findings.all()
        ],
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    return msgspec.json.schema(Report)


def _counts(prepared: PreparedDataset) -> PreparedCounts:
    return PreparedCounts(
        duplicates=prepared.duplicates,
        train=prepared.count(Side.TRAIN),
        validation=prepared.count(Side.VALIDATION),
        test=prepared.count(Side.TEST),
        estimated_tokens=prepared.estimated_tokens,
        label_counts=prepared.label_counts,
    )
