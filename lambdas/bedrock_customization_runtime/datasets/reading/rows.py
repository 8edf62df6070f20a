"""What readers hand over for each record: its columns, or why it cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_runtime.datasets.rules import Rule

    # Tells of a rule that a readable line broke, and which line.
    Note = Callable[[Rule, int], None]


class Row(msgspec.Struct, frozen=True):
    """A record that could be read."""

    line: int
    """Where it begins, from 1."""
    original: bytes
    values: dict[str, object]


class UnreadableRow(msgspec.Struct, frozen=True):
    """A record that could not be read."""

    line: int
    original: bytes
    rule: Rule
    detail: str | None = None
    """Where in the record; never a value of it."""
