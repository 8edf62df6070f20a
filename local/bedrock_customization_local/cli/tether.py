"""Run a command that dies with its parent: `python tether.py COMMAND [ARGUMENT]...`.

The parent holds the other end of our standard input. However it ends, even by SIGKILL, the pipe
closes, and the command goes with all its children. No system call does this on every platform.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from threading import Lock, Thread

import psutil


def main(command: list[str]) -> int:
    """Run the command with our output streams and return its exit code."""
    killing = Lock()

    def kill_when_orphaned() -> None:
        # os.read and not sys.stdin, whose lock would outlast the interpreter.
        while os.read(0, 1):
            pass
        with killing:
            kill_children()

    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - the user's own app
    Thread(target=kill_when_orphaned, daemon=True).start()
    exit_code = child.wait()
    # The child may be the first to be killed; its own children must not outlive us.
    with killing:
        return exit_code


def kill_children() -> None:
    """Kill this process's descendants."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
