"""How far a command has read: a bar with speed and time left, on a terminal alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console


@contextmanager
def byte_progress(
    console: Console, title: str, total: int | None, *, shown: bool
) -> Iterator[Callable[[int], None]]:
    """Show how many bytes have been read while the block runs, and nothing afterwards.

    Args:
        console: Where to; nothing is shown if it is no terminal.
        title: What is done.
        total: Bytes to read, None where nobody knows: then a spinner and the speed are shown.
        shown: Whether to show anything.

    Yields:
        What to tell of the bytes read.
    """
    columns = (
        (TextColumn("{task.description}"), SpinnerColumn(), DownloadColumn(), TransferSpeedColumn())
        if total is None
        else (
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
        )
    )
    progress = Progress(
        *columns,
        console=console,
        transient=True,
        disable=not shown or not console.is_terminal,
        expand=total is not None,
    )
    with progress:
        task = progress.add_task(title, total=total)
        yield lambda read: progress.advance(task, read)
