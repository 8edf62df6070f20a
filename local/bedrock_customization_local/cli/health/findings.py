"""What a check says: fine, doubtful, or in the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """Works, but not as people expect."""
    ERROR = "error"
    """Stops a synth, a deployment or a run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What was found of one thing.

    Args:
        check: Id of what was looked at, such as `node`.
        level: How bad it is.
        message: What was found.
        advice: What to do; empty where all is well.
    """

    check: str
    level: Level
    message: str
    advice: str = ""


def fine(check: str, message: str) -> Finding:
    """Return that all is well."""
    return Finding(check=check, level=Level.OK, message=message)


def doubtful(check: str, message: str, advice: str) -> Finding:
    """Return something that works, but not as people expect."""
    return Finding(check=check, level=Level.WARNING, message=message, advice=advice)


def in_the_way(check: str, message: str, advice: str) -> Finding:
    """Return something that stops a synth, a deployment or a run."""
    return Finding(check=check, level=Level.ERROR, message=message, advice=advice)
