"""What `judging` asks `process`, what that answers, and the limits between them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

CPU_SECONDS = 1
"""Of the processor's time; a published template takes some milliseconds."""
MEMORY = 96 * 2**20
"""Bytes of data, with Jinja's own."""


OUT_OF_MEMORY = 3
"""Exit code of the process where not even a verdict fits."""


class VerdictKind(StrEnum):
    """What becomes of a template."""

    GOOD = "good"
    INVALID = "invalid"
    """Jinja does not compile it."""
    UNSAFE = "unsafe"
    """It reaches out of Jinja's sandbox."""
    ENDLESS = "endless"
    """It takes too much time or memory."""
    FAILS = "fails"
    """It does not write a plain question."""
    NO_SYSTEM = "no system"
    """It writes one, and no system prompt."""


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A template, and what it is to write."""

    template: str
    tokens: dict[str, str]
    """Special ones, by the name that templates know."""
    reads_parts: bool
    """Whether a message may be a list of texts and images."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a template."""

    kind: VerdictKind
    detail: str = ""
    """In words, for people."""
