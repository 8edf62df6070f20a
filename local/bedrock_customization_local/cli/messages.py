"""What goes wrong in words: a command ends with one message, what to do, and an exit code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from rich.text import Text

from bedrock_customization_runtime.errors import remedy_of

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console


class ExitCode(IntEnum):
    """How a command ends; 128 + n is a command ended by signal n."""

    SUCCESS = 0
    FAILURE = 1
    USAGE = 2


class CommandError(Exception):
    """A command cannot go on.

    Args:
        message: What is wrong, with the value and what is allowed.
        advice: What to do, a line each.
        exit_code: Of the process.
    """

    def __init__(
        self, message: str, *, advice: tuple[str, ...] = (), exit_code: ExitCode = ExitCode.FAILURE
    ) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.exit_code = exit_code


def usage_error(message: str, *advice: str) -> CommandError:
    """Return the error of a command that was asked for something impossible."""
    return CommandError(message, advice=advice, exit_code=ExitCode.USAGE)


def print_error(console: Console, error: CommandError) -> None:
    """Print an error and its advice."""
    text = Text.assemble(("error: ", "bold red"), error.message)
    console.print(text, soft_wrap=not console.is_terminal)
    for line in error.advice:
        # Never broken, so that an address in it can be clicked or copied.
        console.print(Text(f"  {line}"), soft_wrap=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFailure:
    """Why an execution ended early."""

    error: str
    """The error's name."""
    cause: str
    """In words."""
    state: str | None
    """Where it happened."""


_NOT_THE_DATA = (
    "this looks like a fault of the app and not of the data: "
    "--keep leaves the local AWS up, so that you can look at the execution"
)


def run_error(failure: RunFailure, report: Path | None) -> CommandError:
    """Return the one message about a failed execution.

    Args:
        failure: What is known.
        report: A copy of its report, if the run got far enough to write one.
    """
    where = f" in “{failure.state}”" if failure.state else ""
    told = f"{failure.error}{where}: {failure.cause}" if failure.cause else failure.error + where
    advice = [remedy_of(failure.error) or _NOT_THE_DATA]
    if report:
        advice.append(f"report: {report.absolute().as_uri()}")
    return CommandError(told, advice=tuple(advice))
