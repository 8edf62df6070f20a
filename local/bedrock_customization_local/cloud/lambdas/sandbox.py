"""One sandbox: a process that runs one version of a function, one invocation at a time."""

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil

from bedrock_customization_local.cloud.lambdas.environment import search_path
from bedrock_customization_local.cloud.lambdas.functions import FunctionDefinition
from bedrock_customization_local.cloud.lambdas.processes import Command, Processes
from bedrock_customization_local.cloud.lambdas.runtime_api import Event, Report, RuntimeApi, Signal

_OWN_PACKAGES = (
    "bedrock_customization",
    "bedrock_customization_local",
    "bedrock_customization_runtime",
)
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a sandbox finds its files.

    Args:
        root: The runtime's folder, which holds all the others.
        home: A folder of its own, for HOME, TMPDIR and the log.
        code: The unpacked function: LAMBDA_TASK_ROOT.
        layers: The unpacked layers, in the function's order.
    """

    root: Path
    home: Path
    code: Path
    layers: tuple[Path, ...]


class Sandbox:
    """A process that waits for events of one function version.

    Only one thread at a time may call `start` or `invoke`; `kill` may come from any.

    Args:
        function: What it runs.
        folders: Its files; the sandbox owns `folders.home`.
        environment: Every variable the process sees, but for the Runtime API's address.
        log_stream: The name of its log stream.
        processes: Starts its process.
    """

    def __init__(
        self,
        function: FunctionDefinition,
        folders: Folders,
        environment: Mapping[str, str],
        log_stream: str,
        processes: Processes,
    ) -> None:
        self.function = function
        self.log_stream = log_stream
        self.deadline = float("inf")
        self.peak_rss = 0
        self.idle_since = time.monotonic()
        self._folders = folders
        self._log = folders.home / "log"
        self._api = RuntimeApi()
        self._process = processes.start(self._command(environment))
        self._psutil = psutil.Process(self._process.pid)

    def wait_until_ready(self, seconds: float) -> Report:
        """Wait for the end of the init phase.

        Returns:
            `IDLE` when the handler is loaded, else how the init phase ended.
        """
        self.deadline = time.monotonic() + seconds
        return self._next_report()

    def invoke(self, event: Event, seconds: float) -> Report:
        """Run the handler once.

        Returns:
            `RESPONSE`, or how the invocation failed. After anything but a response or an error
            of the handler the process is gone.
        """
        self.deadline = time.monotonic() + seconds
        self._api.events.put(event)
        report = self._next_report()
        while report.signal is Signal.IDLE:  # of the invocation before
            report = self._next_report()
        return report

    def _next_report(self) -> Report:
        report = self._api.reports.get()
        self.deadline = float("inf")
        self.peak_rss = max(self.peak_rss, self._peak_of_process())
        return report

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """The process's exit status; negative for a signal, None while it runs."""
        return self._process.poll()

    def rss(self) -> int:
        """Return the resident bytes of the process and all it started."""
        total = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            members = [self._psutil, *self._psutil.children(recursive=True)]
            for member in members:
                with contextlib.suppress(psutil.NoSuchProcess):
                    total += member.memory_info().rss
        self.peak_rss = max(self.peak_rss, total)
        return total

    def own_rss(self) -> int:
        """Return the resident bytes of the process alone, which costs microseconds."""
        try:
            used: int = self._psutil.memory_info().rss
        except psutil.NoSuchProcess:
            return 0
        self.peak_rss = max(self.peak_rss, used)
        return used

    def end(self, signal_: Signal) -> None:
        """Kill the process and tell who waits for it why."""
        self.kill()
        self._api.reports.put(Report(signal_))

    def take_log(self) -> str:
        """Return what the process wrote since the last call."""
        with self._log.open("rb+") as log:
            text = log.read().decode(errors="replace")
            log.truncate(0)  # the process appends, so it goes on at the start
        return text

    def kill(self) -> None:
        """Kill the process and everything it started."""
        members = [self._psutil]
        with contextlib.suppress(psutil.NoSuchProcess):
            members = [*self._psutil.children(recursive=True), self._psutil]
        for member in members:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        if hasattr(os, "killpg"):  # finds those whose parent has gone
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._api.close()

    def discard(self) -> None:
        """Kill the process and remove its files."""
        self.kill()
        self._process.close()
        shutil.rmtree(self._folders.home, ignore_errors=True)

    def _command(self, environment: Mapping[str, str]) -> Command:
        path = search_path(self._folders.code, self._folders.layers)
        settings = {
            "code": path.first,
            "libraries": path.last,
            "own": _OWN_PACKAGES,
            "root": str(self._folders.root),
            # Virtual memory is far more than resident: this only stops what outruns the watch.
            "address_space": 4 * self.function.memory_size * _MB + 1024 * _MB,
        }
        return Command(
            arguments=(self.function.handler, json.dumps(settings)),
            environment={**environment, "AWS_LAMBDA_RUNTIME_API": self._api.address},
            own_variables=frozenset(self.function.environment),
            folder=self._folders.code,
            log=self._log,
            first=tuple(path.first),
        )

    def _peak_of_process(self) -> int:
        """Return the high-water mark, where the system keeps one: it misses no short peak."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return 0
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0


def new_home(root: Path) -> Path:
    """Return a new folder for one sandbox, with its `tmp` inside."""
    home = root / uuid4().hex
    (home / "tmp").mkdir(parents=True)
    return home
