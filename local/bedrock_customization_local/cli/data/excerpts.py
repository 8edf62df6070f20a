"""The offending part of a record, marked, as wide as the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from bedrock_customization_runtime.datasets.checking.excerpts import Excerpt

_BEFORE = 24
"""Columns shown in front of the part."""
_LEAST_WIDTH = 20


def marked(excerpt: Excerpt, width: int) -> Text:
    """Return two lines: the record around the offending part, and carets below that.

    Args:
        excerpt: Of the record.
        width: Columns there are.
    """
    width = max(width, _LEAST_WIDTH)
    lead = _fitting(excerpt.before[::-1], _BEFORE)[::-1]
    if not excerpt.begins or len(lead) < len(excerpt.before):
        lead = f"…{lead}"
    part = _clipped(excerpt.part, width - cell_len(lead))
    rest = _clipped(excerpt.after, width - cell_len(lead) - cell_len(part))
    return Text.assemble(
        (lead, "dim"),
        (part, "bold red"),
        (rest, "dim"),
        "\n",
        " " * cell_len(lead),
        ("^" * max(1, cell_len(part)), "red"),
    )


def _clipped(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    return f"{_fitting(text, max(0, width - 1))}…" if width > 0 else ""


def _fitting(text: str, width: int) -> str:
    """Return as much of the text's start as fits."""
    used = 0
    for number, sign in enumerate(text):
        used += cell_len(sign)
        if used > width:
            return text[:number]
    return text
