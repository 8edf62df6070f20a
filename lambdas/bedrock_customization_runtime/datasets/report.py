"""What preparation found, for machines: counts, rules and lines; of the records only labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from bedrock_customization_runtime.datasets import power
from bedrock_customization_runtime.datasets.profile import Bin, Profile, histogram, profile
from bedrock_customization_runtime.datasets.rules import Verdict  # noqa: TC001 - msgspec reads it
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.datasets.training_cost import TrainingCost, training_cost

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.preparation import PreparedDataset
    from bedrock_customization_runtime.datasets.record_source import RecordSource

SCHEMA_VERSION = 1
_QUANTILES = {"least": 0.0, "median": 0.5, "p90": 0.9, "p99": 0.99, "most": 1.0}


class ReportedFinding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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
    files: tuple[str, ...] = ()
    """Where each of the lines stands, if the data set has several sources."""


class PreparedCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What a data set that was not refused consists of."""

    duplicates: int
    train: int
    validation: int
    test: int
    estimated_tokens: int
    label_counts: dict[str, int]
    """Training records by answer, where answers are labels."""
    left_out: int = 0
    """Records that held a passage of the blind set."""
    clusters: int = 0
    """Sets of near-copies and groups, each on one side of the split."""
    plain_split_leaks: int = 0
    """Records of the blind set that a split by record would have given copies in training."""
    minimum_detectable_effect: float = 1.0
    """Smallest difference of accuracy that the blind set shows (paired, 5 %, 80 % power, with a
    quarter of the records answered right by one of two models alone)."""
    tokens_per_record: dict[str, int] = {}
    """Quantiles of the likely tokens."""
    cost: TrainingCost | None = None
    """Of one training with the default number of epochs."""
    tokens_histogram: list[Bin] = []
    """Of the likely tokens of a record, all sides."""
    clusters_histogram: list[Bin] = []
    """Of the records of a cluster."""
    profile: Profile | None = None
    """Of the training set."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The document."""

    schema_version: int = SCHEMA_VERSION
    base_model: str
    record_format: str
    read: int
    accepted: int
    rejected: int
    omitted: int = 0
    """Invocation logs that are no training data; the findings say why."""
    refusal: str | None
    """Why the data set as a whole was refused."""
    prepared: PreparedCounts | None
    personal_data: dict[str, int]
    """Records by kind of personal data or secret."""
    findings: list[ReportedFinding]


def report(
    examined: RecordSource, prepared: PreparedDataset | None, refusal: str | None = None
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
        omitted=examined.omitted,
        refusal=refusal,
        prepared=None if prepared is None else _counts(examined, prepared),
        personal_data=dict(sorted(examined.personal_data.items())),
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
                files=found.files,
            )
            for found in examined.findings.all()
        ],
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    return msgspec.json.schema(Report)


def _counts(examined: RecordSource, prepared: PreparedDataset) -> PreparedCounts:
    settings = examined.settings
    test = prepared.count(Side.TEST)
    return PreparedCounts(
        duplicates=prepared.duplicates,
        train=prepared.count(Side.TRAIN),
        validation=prepared.count(Side.VALIDATION),
        test=test,
        estimated_tokens=prepared.estimated_tokens,
        label_counts=prepared.label_counts,
        left_out=prepared.left_out,
        clusters=prepared.clusters,
        plain_split_leaks=prepared.plain_split_leaks,
        minimum_detectable_effect=round(power.minimum_detectable_effect(test), 4),
        tokens_per_record=_quantiles(prepared.tokens_per_record),
        cost=training_cost(settings.base_model, settings.method, prepared.estimated_tokens),
        tokens_histogram=histogram(prepared.tokens_per_record),
        clusters_histogram=histogram(prepared.cluster_sizes),
        profile=profile(prepared, settings.method.record_format),
    )


def _quantiles(ordered: NDArray[np.uint64]) -> dict[str, int]:
    last = len(ordered) - 1
    return {name: int(ordered[round(share * last)]) for name, share in _QUANTILES.items()}
