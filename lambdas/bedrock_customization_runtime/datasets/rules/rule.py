"""What a rule is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bedrock_customization_runtime.catalog.rules import RecordFormat


class Verdict(StrEnum):
    """What becomes of a record that breaks a rule."""

    REJECT = "reject"
    """It is left out, and written to the rejected records with line and rule."""
    OMIT = "omit"
    """It is no training data, which is nobody's fault: it is left out, and counted."""
    REPAIR = "repair"
    """It is changed without changing what it says, and kept."""
    FLAG = "flag"
    """It is kept as it is, and counted."""


class Input(StrEnum):
    """The shapes of input a rule can meet."""

    CSV = "csv"
    JSONL = "jsonl"


class Source(StrEnum):
    """Who says so."""

    GUIDE = "guide"
    """Bedrock's or Nova's user guide: the job fails, or trains on something else."""
    VALIDATOR = "validator"
    """One of AWS's published validators refuses it."""
    ENGINE = "engine"
    """This package: nobody at AWS checks it, and it spoils data sets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. The sentences start in lower case and never quote a record."""

    id: str
    verdict: Verdict
    what: str
    why: str
    fix: str
    inputs: tuple[Input, ...] = tuple(Input)
    formats: tuple[RecordFormat, ...] = tuple(RecordFormat)
    """Record formats of base models for which it holds."""
    source: Source = Source.ENGINE
    sources_disagree: str | None = None
    """What AWS's documents and validators say differently, and which side the verdict takes."""

    @property
    def severity(self) -> Literal["error", "warning"]:
        """What people are told: a rejected record is an error, all else a warning."""
        return "error" if self.verdict is Verdict.REJECT else "warning"
