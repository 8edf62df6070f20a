"""What the base model reached before anything was tuned, and what that advises."""

import msgspec

from bedrock_customization_runtime.manifest.runs import FileRecord


class BaselineFigures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base model on the validation set, asked in one way."""

    value: float
    """Mean of the metric, in [0, 1]; a question without an answer counts as 0."""
    interval: tuple[float, float]
    """Its 95 % interval."""
    format_failures: float
    """Share of the answers that are none of the labels; 0 where answers are no labels."""
    errors: dict[str, int] = {}
    """Bedrock's error codes and how many questions they cost."""
    input_tokens: int
    output_tokens: int
    median_latency_ms: float


class AdviceReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a rule says, with its figures."""

    rule: str
    """Value of `evaluation.advice.Rule`."""
    message: str


class AdviceSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether to tune, and if not, what first."""

    verdict: str
    """Value of `evaluation.advice.Verdict`."""
    reasons: list[AdviceReason]
    """The first decided."""


class BaselineSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base model before anything was tuned, on records that are not the blind set's."""

    metric: str
    target: float | None
    min_improvement: float
    records: int
    """Asked in each way."""
    questions: FileRecord
    """Which; references included."""
    from_training: bool = False
    """Whether they are training records, because the method takes no validation set."""
    examples: int = 0
    """In front of each question of the few-shot way."""
    zero_shot: BaselineFigures
    few_shot: BaselineFigures | None = None
    """None where no training record makes an example."""
    gain: tuple[float, float] | None = None
    """95 % interval of the paired difference, few-shot minus zero-shot."""
    interval_method: str
    """Of the figures' own intervals, in words."""
    blind_records: int
    minimum_detectable_effect: float
    """Smallest difference of accuracy that the blind set shows."""
    advice: AdviceSection
