"""Files in a folder that were not read, named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from bedrock_customization_local.cli.data.files import Found

_SHOWN = 10


def print_skipped(console: Console, found: Found) -> None:
    """Print the first of them, and how many more there are."""
    skipped = found.skipped
    for each in skipped[:_SHOWN]:
        console.print(Text(f"skipped {each.path.as_posix()}: {each.why}", style="dim"))
    if len(skipped) > _SHOWN:
        console.print(Text(f"skipped {len(skipped) - _SHOWN:,} more", style="dim"))
    if skipped:
        console.print()
