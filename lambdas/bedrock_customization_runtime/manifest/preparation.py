"""The data set of a run: where it came from, what became of it."""

from typing import Literal

import msgspec

from bedrock_customization_runtime.s3.file_record import FileRecord


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule that some records broke."""

    rule: str
    severity: Literal["error", "warning"]
    count: int
    message: str
    """What, and how to fix it."""
    lines: list[int] = []
    """The first few line numbers, from 1."""
    files: list[str] = []
    """Where each of the lines stands, if the source is a prefix."""


class EnrichmentRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model added to the records before they were checked."""

    task: str
    model: str
    answers: FileRecord
    """Line, task, model and answer of each record that was asked about."""
    written: int
    """Records whose answer the model drafted or rewrote."""
    scored: int
    cost_usd: float
    """Paid by this run."""


class SparkUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What preparing the data by Spark has used."""

    vcpu_hours: float
    memory_gb_hours: float
    storage_gb_hours: float
    """Beyond what is free."""
    cost_usd: float
    at_most: bool = False
    """Whether EMR Serverless did not say: then all workers were there all the time."""


class SideTokens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Estimated tokens of the questions and the answers of a side."""

    records: int
    questions: int
    """With system prompts and chat template."""
    answers: int
    """Of those that are there."""
    unanswered: int
    """Records without an answer."""
    unanswered_questions: int
    """Of their questions, a part of `questions`."""


class PreparationSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data set: where it came from, what became of it."""

    source: FileRecord
    train: FileRecord
    validation: FileRecord | None
    test: FileRecord
    rejected: FileRecord | None
    read: int
    duplicates: int
    estimated_tokens: int
    """Of the training set, for one epoch."""
    prompt_tokens: SideTokens | None = None
    """Of the training set of a distillation, some of which a teacher answers."""
    blind_tokens: SideTokens | None = None
    record_format: str
    findings: list[Finding] = []
    label_counts: dict[str, int] = {}
    """Training records by completion, where there are few distinct ones."""
    left_out: int = 0
    """Records that held a passage of the blind set."""
    clusters: int = 0
    """Sets of near-copies and groups, each on one side of the split; 0 where nobody counted."""
    plain_split_leaks: int = 0
    """Records of the blind set that a split by record would have given copies in training."""
    minimum_detectable_effect: float | None = None
    """Smallest difference of accuracy that the blind set shows."""
    personal_data: dict[str, int] = {}
    """Records by kind of personal data or secret."""
    enrichment: EnrichmentRecord | None = None
    spark: SparkUse | None = None
    """None where functions prepared the data."""
    omitted: int = 0
    """Invocation logs that are no training data; the findings say why."""


class RefusalSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A data set that was refused: what was wrong with its records."""

    read: int
    rejected: int
    record_format: str
    findings: list[Finding] = []
    report: str
    """S3 URI of the whole report, JSON."""
    rejected_records: str | None = None
    """S3 URI of the rejected records; None where none was."""
    omitted: int = 0
    """Invocation logs that are no training data."""
