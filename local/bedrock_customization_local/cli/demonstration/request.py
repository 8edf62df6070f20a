"""What a user asks of the demo, and what it takes where they say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BASE_MODEL = "amazon.nova-micro-v1:0:128k"
REPORTS = Path("customization-reports")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What the user asked for; None and () where they left it to the command."""

    data: Path | None = None
    base_model: str | None = None
    target: str | None = None
    inputs: tuple[str, ...] = ()
    group_by: str | None = None
    system: str | None = None
    keep: bool = False
    port: int = 0
    output: Path | None = None
    verbose: bool = False
