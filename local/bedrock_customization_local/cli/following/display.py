"""Draw a command's progress: finished steps as lines that stay, running ones live below them.

Where the output is no terminal, the lines alone are printed, unwrapped.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from rich.console import Group
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bedrock_customization_local.cli.following.progress import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console, RenderableType

    from bedrock_customization_local.cli.following.definition import Definition
    from bedrock_customization_local.cli.following.progress import Progress, Step

_DONE = Text("✓", style="green")
_FAILED = Text("✗", style="bold red")
_NAME_WIDTH = 30
_NARROW_NAME_WIDTH = 24
_NARROW = 90
_REFRESHES_PER_SECOND = 10
_TENTHS_BELOW, _SECONDS_BELOW = 9.95, 120


@dataclass(slots=True)
class Work:
    """A step of the command itself; say in `detail` what came of it."""

    name: str
    started: float
    detail: str = ""


class Timeline:
    """What happened so far, and what happens now.

    Args:
        console: Where to draw.

    Attributes:
        note: A few words that stand below what happens, before what is to come.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._draws = console.is_terminal and not console.is_dumb_terminal
        self._phase: str | None = None
        self._settled: set[str] = set()
        self._work: Work | None = None
        self._progress: Progress | None = None
        self._live_details: Mapping[str, str] = {}
        self.note = ""
        self._coming: tuple[str, ...] = ()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._draws:
            self._live = Live(
                get_renderable=self._now,
                console=self._console,
                refresh_per_second=_REFRESHES_PER_SECOND,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take away what is drawn live; the lines of finished steps stay."""
        self._work = self._progress = None
        if self._live:
            self._live.stop()

    def phase(self, title: str | None) -> None:
        """Begin a phase, unless it is the one that goes on."""
        if title and title != self._phase:
            self._console.print(Text(title, style="bold"))
        self._phase = title

    @contextmanager
    def work(self, name: str, *, since: float | None = None) -> Iterator[Work]:
        """Show a step of the command itself while the block runs.

        Args:
            name: What is done.
            since: When it began, by `time.monotonic`; None for now.

        Yields:
            The step, to say what came of it.
        """
        work = self._work = Work(name, time.monotonic() if since is None else since)
        try:
            yield work
        except BaseException:
            self._line(_FAILED, work.name, time.monotonic() - work.started, work.detail)
            raise
        finally:
            self._work = None
        self._line(_DONE, work.name, time.monotonic() - work.started, work.detail)

    def show(
        self, progress: Progress, definition: Definition, live_details: Mapping[str, str]
    ) -> None:
        """Draw an execution's progress.

        Args:
            progress: Up to now.
            definition: Of its machine.
            live_details: What running steps do just now, by state name.
        """
        for step in progress.settled:
            if step.name not in self._settled:
                self._settled.add(step.name)
                self.phase(step.state.phase)
                failed = step.status is Status.FAILED
                self._line(
                    _FAILED if failed else _DONE,
                    step.name,
                    step.seconds(datetime.now(UTC)),
                    _with_retries(step),
                )
        for step in progress.running:
            self.phase(step.state.phase)
        begun = {step.state.phase for step in progress.steps}
        goes_well = all(step.state.can_succeed for step in progress.running)
        self._coming = tuple(
            phase for phase in definition.phases if goes_well and phase not in begun
        )
        self._live_details = live_details
        self._progress = progress

    def _line(self, icon: Text, name: str, seconds: float, detail: str) -> None:
        if self._draws:
            self._console.print(self._row(icon, Text(name), seconds, Text(detail, style="dim")))
        else:
            told = f"  {icon} {name:<{_NAME_WIDTH}} {duration(seconds):>7}  {detail}".rstrip()
            self._console.print(Text(told), soft_wrap=True)

    def _now(self) -> RenderableType:
        # Always two lines: rich draws from a thread of its own, and a height that changes just when
        # a line is printed leaves remains on the screen.
        coming = " · ".join(self._coming)
        told = "   ".join(filter(None, (self.note, coming and f"then: {coming}")))
        return Group(
            self._running_row(), Text(told, style="dim", no_wrap=True, overflow="ellipsis")
        )

    def _running_row(self) -> RenderableType:
        # Read once: the command's own thread changes them meanwhile.
        work, progress = self._work, self._progress
        if work:
            return self._spinning(work.name, time.monotonic() - work.started, work.detail)
        running = progress.running if progress else ()
        if not running:
            return Text()
        # Of a Map or Parallel state and those inside it, what was entered last says most.
        step = running[-1]
        detail = self._live_details.get(step.name) or _with_retries(step)
        return self._spinning(step.name, step.seconds(datetime.now(UTC)), detail)

    def _spinning(self, name: str, seconds: float, detail: str) -> Table:
        spinner = Spinner("dots", style="cyan")
        # All share one beginning, so that it turns however often a row is made anew.
        spinner.start_time = 0.0
        return self._row(
            spinner,
            Text(name, style="cyan", no_wrap=True, overflow="ellipsis"),
            seconds,
            Text(detail, no_wrap=True, overflow="ellipsis"),
        )

    def _row(self, icon: RenderableType, name: Text, seconds: float, detail: Text) -> Table:
        narrow = self._console.width < _NARROW
        row = Table.grid(padding=(0, 1))
        row.add_column(width=3, justify="right")
        row.add_column(width=_NARROW_NAME_WIDTH if narrow else _NAME_WIDTH)
        row.add_column(width=7, justify="right")
        row.add_column(ratio=1, overflow="fold")
        row.add_row(icon, name, duration(seconds), Padding(detail, (0, 0, 0, 1)))
        return row


def _with_retries(step: Step) -> str:
    if not step.failures:
        return step.detail
    if step.status is Status.FAILED:
        return f"{step.error}" + (f", {step.failures} attempts" if step.failures > 1 else "")
    told = f"tried {step.failures + 1} times, last {step.error}"
    return f"{step.detail} ({told})" if step.detail else told


def duration(seconds: float) -> str:
    """Return seconds as a person reads them: `0.4 s`, `73 s`, `12 min`."""
    if seconds < _TENTHS_BELOW:
        return f"{seconds:.1f} s"
    if seconds < _SECONDS_BELOW:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
