"""How the processes of sandboxes start: forked, where that is safe, from one that did the imports.

To import the AWS SDK and NumPy takes a function longer than most of what it does. A fork shares
them; everything else, from variables to signals, is as in a process of its own. The standard
library's fork server would import the main module of this process into each fork.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from threading import Lock
from typing import Protocol

_INSIDE = Path(__file__).parent / "inside"
_MAIN, _FORK_SERVER = str(_INSIDE / "main.py"), str(_INSIDE / "fork_server.py")
# -P: no script folder in sys.path; -S: no site-packages before the function's own code, and none of
# the source roots that an editable install would add.
_PYTHON = (sys.executable, "-P", "-S")
_PRELOADED = ("botocore.config", "botocore.session", "msgspec", "numpy", "urllib3")
_READ_AT_START = ("PYTHON", "LD_", "OPENBLAS_", "OMP_", "NPY_")
"""How variables begin that Python or a preloaded library reads once."""
_ANSWER_BYTES = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What a sandbox's process is.

    Args:
        arguments: The handler and the settings of `inside/main.py`.
        environment: Every variable of the process.
        own_variables: Names of those that the function sets.
        folder: Its working directory.
        log: File that its output is added to.
        first: Folders that Python searches before its own library.
    """

    arguments: tuple[str, str]
    environment: Mapping[str, str]
    own_variables: frozenset[str]
    folder: Path
    log: Path
    first: tuple[str, ...]

    def may_be_forked(self) -> bool:
        """Tell whether nothing of the function's own differs from what was imported before."""
        own_modules = (name.partition(".")[0] for name in _PRELOADED)
        return not any(name.startswith(_READ_AT_START) for name in self.own_variables) and not any(
            PathFinder.find_spec(name, self.first) for name in own_modules
        )


class Process(Protocol):
    """A sandbox's process: the leader of a session, which ends when its input closes."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Return its exit status, negative for a signal; None while it runs."""

    def wait(self) -> int:
        """Return its exit status once it has ended."""

    def close(self) -> None:
        """Free what belongs to it, after its end."""


class Processes:
    """Starts the processes of one runtime's sandboxes.

    Args:
        libraries: Folders of the libraries that all functions may import.
        environment: Of the process that forks.
    """

    def __init__(self, libraries: list[str], environment: Mapping[str, str]) -> None:
        self._libraries = libraries
        self._environment = environment
        self._lock = Lock()
        self._fork_server: _ForkServer | None = None
        self._forks = sys.platform == "linux"  # elsewhere libraries may not survive it

    def start(self, command: Command) -> Process:
        """Start a process."""
        if self._forks and command.may_be_forked():
            with self._lock, contextlib.suppress(OSError):
                if not self._fork_server:
                    self._fork_server = _ForkServer(self._libraries, self._environment)
                return self._fork_server.fork(command)
            self._forks = False  # it could not start, or was killed
        return _OwnProcess(command)

    def close(self) -> None:
        """End the process that forks."""
        with self._lock:
            self._forks = False
            if self._fork_server:
                self._fork_server.close()


class _OwnProcess:
    """A process that did its own imports."""

    def __init__(self, command: Command) -> None:
        with command.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the project's own script
                [*_PYTHON, _MAIN, *command.arguments],
                cwd=command.folder,
                env=command.environment,
                stdin=subprocess.PIPE,  # never written: it closes when this process dies
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self.poll, self.wait = self._process.poll, self._process.wait

    def close(self) -> None:
        """Close its input."""
        if self._process.stdin:
            self._process.stdin.close()


class _ForkServer:
    """The process that forks."""

    def __init__(self, libraries: list[str], environment: Mapping[str, str]) -> None:
        # A message is one piece: a request with its descriptors, or an answer.
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        modules = {"libraries": libraries, "preload": _PRELOADED}
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - the project's own script
                [*_PYTHON, _FORK_SERVER, str(theirs.fileno()), json.dumps(modules)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def fork(self, command: Command) -> "_Fork":
        """Return a new process.

        Raises:
            OSError: The process that forks has ended, or could not fork.
        """
        request = {
            "arguments": command.arguments,
            "environment": command.environment,
            "folder": str(command.folder),
        }
        input_read, input_write = os.pipe()
        status_read, status_write = os.pipe()
        try:
            with command.log.open("ab") as log:
                socket.send_fds(
                    self._requests,
                    [json.dumps(request).encode()],
                    [input_read, log.fileno(), status_write],
                )
            answer = self._requests.recv(_ANSWER_BYTES)
            if not answer:
                raise BrokenPipeError("the process that forks sandboxes has ended")
        except OSError:
            os.close(input_write)
            os.close(status_read)
            raise
        finally:
            os.close(input_read)
            os.close(status_write)
        return _Fork(int(answer), input_write, status_read)

    def close(self) -> None:
        """End the process; its forks live on."""
        self._requests.close()
        self._process.wait()


class _Fork:
    """A forked process: what `subprocess.Popen` is to a child, of one that is a grandchild."""

    def __init__(self, pid: int, standard_input: int, status: int) -> None:
        self.pid = pid
        # Never written: it closes when this process dies.
        self._input = os.fdopen(standard_input, "wb", buffering=0)
        self._status = os.fdopen(status, "rb", buffering=0)
        os.set_blocking(status, False)
        self._exit_status: int | None = None
        self._lock = Lock()

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal; None while the process runs."""
        with self._lock:
            if self._exit_status is None and (told := self._status.read(_ANSWER_BYTES)) is not None:
                # Nobody tells when the process that forked was killed first.
                self._exit_status = int(told) if told else -signal.SIGKILL
            return self._exit_status

    def wait(self) -> int:
        """Return the exit status once the process has ended."""
        end = select.poll()
        while (status := self.poll()) is None:
            end.register(self._status, select.POLLIN)
            end.poll()
        return status

    def close(self) -> None:
        """Close its pipes, once or again."""
        self._input.close()
        self._status.close()
