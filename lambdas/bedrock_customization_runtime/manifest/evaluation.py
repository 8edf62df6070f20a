"""What the models answered, and what that says."""

import msgspec

from bedrock_customization_runtime.manifest.judging import JudgeSection
from bedrock_customization_runtime.s3.file_record import FileRecord


class ModelFigures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model on the blind set."""

    name: str
    """As `contract.EvaluatedModel.name`."""
    model_id: str
    metrics: dict[str, float]
    """By metric."""
    input_tokens: int
    output_tokens: int
    usd_per_1k: float | None = None
    """What 1,000 such answers cost; None where no price is known."""
    median_latency_ms: float
    slowest_latency_ms: int
    refusals: int = 0
    """Answers that a guardrail or a content filter withheld."""
    format_failures: int = 0
    """Answers that are not of the form the references have, such as JSON or SQL."""
    errors: dict[str, int] = {}
    """Bedrock's error codes and how many questions they cost."""


class MetricComparison(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A metric of the candidate and of another on the same blind records, paired by record."""

    name: str
    against: str = "base"
    """Name of the other model."""
    slice: str | None = None
    """`column=value`; None for all records."""
    records: int
    other: float
    """Of the other model."""
    candidate: float
    difference: float
    interval: tuple[float, float]
    """95 % paired bootstrap interval of the difference."""
    p_value: float
    adjusted_p_value: float | None = None
    """By Holm over all comparisons of this metric; None where there is but one."""
    effect_size: float | None = None
    """Cohen's d of the paired differences; None where they have no spread."""
    method: str
    """Of the test, in words, with seed and draws."""


class ConfusionMatrix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which label a model gave for which; only where there are few labels."""

    model: str
    labels: list[str]
    counts: list[list[int]]
    """Rows by reference, columns by answer; the last column counts what is no label."""


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How answers differ, without a record's text: ids and verdicts only."""

    record: str
    base_correct: bool
    candidate_correct: bool


class EvaluationSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base against candidate on the blind set."""

    primary: str
    models: list[ModelFigures] = []
    """All that answered."""
    metrics: list[MetricComparison]
    """Of all records: the candidate against the base model, then against the others."""
    slices: list[MetricComparison] = []
    """The primary metric against the base model, by slice."""
    confusion: list[ConfusionMatrix] = []
    """Of a classification: base and candidate."""
    minimum_detectable_effect: float | None = None
    """Smallest difference of the primary metric that so many records show with 80 % power."""
    answers: list[FileRecord]
    examples: list[Example] = []
    taught_references: int = 0
    """Of distillation: references that the teacher wrote, because the prompts had none."""
    contaminated: int = 0
    """Blind records with a copy or near-copy in the training set: their results flatter."""
    left_out: dict[str, str] = {}
    """Models that could not take part, by name, and why."""
    judge: JudgeSection | None = None
    """None where nobody was asked to judge."""
