"""What a rule of the pre-flight is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What becomes of a model that breaks a rule."""

    ERROR = "error"
    """It is not imported: the job would fail, or run something else than was meant."""
    WARNING = "warning"
    """It can be imported; somebody should know."""


class Source(StrEnum):
    """Who says so."""

    GUIDE = "guide"
    """Bedrock's user guide."""
    TRANSFORMERS = "transformers"
    """transformers 4.51.3, which imported models must be compatible with."""
    SAFETENSORS = "safetensors"
    """The file format's own library refuses it."""
    PACKAGE = "package"
    """This package."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. The sentences start in lower case."""

    id: str
    what: str
    allowed: str
    """What would be right; a finding may say it more exactly."""
    why: str
    fix: str
    severity: Severity = Severity.ERROR
    source: Source = Source.PACKAGE
    sources_disagree: str | None = None
    """What sources say differently, and which side the rule takes."""
