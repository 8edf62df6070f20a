"""What every command has in common: its console, its errors, its end."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bedrock_customization_local.cli.messages import CommandError, print_error
from bedrock_customization_local.cli.signals import Interrupted, interruptible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

REGION = "us-east-1"
TIME_SCALE = 0.001
"""What a second of waiting in AWS lasts, in seconds."""

VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose",
        envvar="BEDROCK_CUSTOMIZATION_VERBOSE",
        show_envvar=False,
        help="Show tracebacks; BEDROCK_CUSTOMIZATION_VERBOSE=1 does too.",
    ),
]

_BROKEN_PIPE = 128 + 13
"""As a command ends that SIGPIPE ended."""


class _Console(Console):
    """A console that leaves a broken pipe to `command`."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


def error_console() -> Console:
    """Return the console for messages and progress, which results never go to."""
    return Console(stderr=True, highlight=False)


@contextmanager
def command(*, verbose: bool) -> Iterator[Console]:
    """Run a command's body: its errors become messages and exit codes.

    Args:
        verbose: Whether an error shows its traceback.

    Yields:
        Where to print.
    """
    errors = error_console()
    try:
        with interruptible():
            yield _Console(highlight=False)
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has read enough. What is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_BROKEN_PIPE) from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        full = CommandError(
            f"no space left on the disk of {tempfile.gettempdir()} or of the output",
            advice=("make room, or name another folder for temporary files in TMPDIR",),
        )
        print_error(errors, full)
        raise typer.Exit(full.exit_code) from None
    except CommandError as error:
        if verbose:
            errors.print_exception()
        print_error(errors, error)
        raise typer.Exit(error.exit_code) from None
    except Interrupted as interruption:
        errors.print("interrupted; everything this command had started has ended")
        raise typer.Exit(interruption.exit_code) from None
