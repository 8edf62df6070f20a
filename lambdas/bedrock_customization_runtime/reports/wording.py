"""How a run is put in words and figures, the same on the page and in the notification."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import BASE, CANDIDATE, FEW_SHOT, LIVE, TEACHER
from bedrock_customization_runtime.evaluation.metrics import METRICS

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import (
        ApprovalSection,
        EvaluationSection,
        FailureSection,
        MetricComparison,
        PreparationSection,
    )
    from bedrock_customization_runtime.reports.kinds import Kind

EMBEDDED_NOTICE = (
    "This run used the embedded AWS, not Amazon Bedrock. Candidate and base model are tiny "
    "networks on this machine, and the base model has learned nothing. The figures show that the "
    "pipeline works; they say nothing about Bedrock's models."
)
MODELS = {
    BASE: "base model",
    CANDIDATE: "candidate",
    FEW_SHOT: "base model with examples",
    LIVE: "model live until now",
    TEACHER: "teacher",
}
"""Titles of the models that answer, by `contract.EvaluatedModel.name`."""
SOURCES = {
    "archive": "archive in S3",
    "hub": "repository of a hub",
    "s3": "folder in S3",
}
"""Titles of what models are imported from, by `manifest.ImportSection.kind`."""
_MINUS = "\N{MINUS SIGN}"
# They turn the order of what stands around them: a text could show what it does not say.
_BIDIRECTIONAL = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)
_SMALLEST_P = 0.0001
_SECONDS_PER_MINUTE = 60
_MINUTES_PER_HOUR = 60
_BYTES_PER_UNIT = 1_000
_LINE = 256
_SHORT = 80
# Where a cause in JSON says what happened: Lambda's errors and Bedrock's jobs.
_MESSAGE_FIELDS = ("errorMessage", "FailureMessage", "failureMessage")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What became of some of the records that were read.

    Args:
        title: One or two words.
        records: How many.
        purpose: What they are for, or why they are not used.
        kept: False for those that are in none of the sets.
    """

    title: str
    records: int
    purpose: str
    kept: bool


def fates(preparation: PreparationSection, kind: Kind) -> list[Fate]:
    """Return what became of the records that were read by a run of some kind."""
    validation, rejected = preparation.validation, preparation.rejected
    quoting = Fate(
        title="Quoting",
        records=preparation.left_out,
        purpose=kind.quoting_purpose,
        kept=False,
    )
    omitted = Fate(
        title="Omitted",
        records=preparation.omitted,
        purpose="Logs that are no training data; the findings say why.",
        kept=False,
    )
    return [
        Fate(
            title=kind.training_title,
            records=preparation.train.records,
            purpose=kind.training_purpose,
            kept=True,
        ),
        Fate(
            title="Validation",
            records=validation.records if validation else 0,
            purpose=kind.validation_purpose if validation else kind.no_validation,
            kept=True,
        ),
        Fate(
            title="Blind test",
            records=preparation.test.records,
            purpose=kind.blind_purpose,
            kept=True,
        ),
        Fate(
            title="Duplicate",
            records=preparation.duplicates,
            purpose="Left out: they repeat others.",
            kept=False,
        ),
        Fate(
            title="Rejected",
            records=rejected.records if rejected else 0,
            purpose="Left out: they break a rule.",
            kept=False,
        ),
        *([quoting] if preparation.left_out else []),
        *([omitted] if preparation.omitted else []),
    ]


def primary_of(evaluation: EvaluationSection) -> MetricComparison:
    """Return the comparison that the decision rests on: with the base model."""
    named = (
        metric
        for metric in evaluation.metrics
        if metric.name == evaluation.primary and metric.against == BASE
    )
    return next(named, evaluation.metrics[0])


def figures(metric: MetricComparison) -> str:
    """Return the difference, its interval and the p-value as one sentence."""
    lower, upper = metric.interval
    return (
        f"Difference {points(metric.difference)} points, 95 % interval {points(lower)} to "
        f"{points(upper)}, {p_value(metric.p_value)}, {count(metric.records)} unseen questions."
    )


def title_of(name: str) -> str:
    """Return a metric's title, or its name if it is of another version."""
    return METRICS[name].title if name in METRICS else name


def meaning_of(name: str) -> str:
    """Return what a metric says, or nothing if it is of another version."""
    return METRICS[name].meaning if name in METRICS else ""


def model_title(name: str) -> str:
    """Return what a model that answered is called, or its name if it is of another version."""
    return MODELS.get(name, name)


def cause_of(failure: FailureSection) -> str:
    """Return a failure's message; of a cause in JSON, only the field that holds it."""
    try:
        cause = json.loads(failure.cause)
    except (ValueError, RecursionError):
        return failure.cause
    if isinstance(cause, dict):
        messages = (cause.get(field) for field in _MESSAGE_FIELDS)
        return next((text for text in messages if isinstance(text, str)), failure.cause)
    return failure.cause


def approval(found: ApprovalSection) -> str:
    """Return what people said of a candidate, in a sentence and their own words."""
    when = moment(found.decided)
    if found.outcome == "expired":
        return f"Nobody decided until {when}."
    who = found.approver or "somebody with the link"
    return f"{sentence(found.outcome)} {when} by {who}: {found.reason}"


def clipped(text: str) -> str:
    """Return the text on one line, without invisible characters, cut to 256 characters."""
    line = one_line(text)
    return line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"


def one_line(text: str) -> str:
    """Return the text on one line, without invisible characters."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def short(text: str) -> str:
    """Return a label as `clipped` does, cut to 80 characters."""
    clean = clipped(text)
    return clean if len(clean) <= _SHORT else f"{clean[: _SHORT - 1]}…"


def visible(text: str) -> str:
    """Return the text with a mark in the place of controls that turn the direction of writing."""
    return text.translate(_BIDIRECTIONAL)


def effect_size(value: float | None) -> str:
    """Return a standardized difference with its sign, or a dash where there is none."""
    return "\N{EN DASH}" if value is None else f"{value:+.2f}".replace("-", _MINUS)


def loss(value: float | None) -> str:
    """Return a loss with four significant digits, or a dash where there is none."""
    return "\N{EN DASH}" if value is None else f"{value:.4g}".replace("-", _MINUS)


def usd(value: float | None) -> str:
    """Return an amount of US dollars, small ones to four digits, or that nobody knows it."""
    if value is None:
        return "unknown"
    return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.4f}"


def sentence(text: str) -> str:
    """Return the text with its first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def percent(share: float) -> str:
    """Return a score in [0, 1] as `86.4 %`."""
    return f"{_tenths(share)}\N{NO-BREAK SPACE}%".replace("-", _MINUS)


def points(difference: float) -> str:
    """Return a difference of scores as `+86.4` percentage points."""
    value = _tenths(difference)
    return value.replace("-", _MINUS) if value.startswith("-") or value == "0.0" else f"+{value}"


def magnitude(difference: float) -> str:
    """Return the size of a difference of scores in percentage points, without a sign."""
    return _tenths(abs(difference))


def p_value(value: float) -> str:
    """Return `p = 0.0123`, or `p < 0.0001` below what four digits show."""
    return f"p = {value:.4f}" if value >= _SMALLEST_P else f"p < {_SMALLEST_P}"


def count(number: int) -> str:
    """Return a whole number with its thousands parted."""
    return f"{number:,}"


def size(number: int) -> str:
    """Return a number of bytes in decimal units."""
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < _BYTES_PER_UNIT:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= _BYTES_PER_UNIT
    return f"{value:.1f} TB"


def moment(text: str) -> str:
    """Return an ISO 8601 time as `2025-01-31 12:00:00 UTC`, anything else as it is."""
    found = _moment(text)
    return f"{found:%Y-%m-%d %H:%M:%S} UTC" if found else text


def duration(started: str, ended: str) -> str:
    """Return how long something took, or nothing if a time is not ISO 8601."""
    first, last = _moment(started), _moment(ended)
    if first is None or last is None or last < first:
        return ""
    minutes, seconds = divmod(round((last - first).total_seconds()), _SECONDS_PER_MINUTE)
    hours, minutes = divmod(minutes, _MINUTES_PER_HOUR)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _tenths(share: float) -> str:
    return f"{round(share * 100, 1) + 0.0:.1f}"  # adding zero turns -0.0 into 0.0


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
