"""The embedded Lambda: a pool of warm sandboxes, one invocation at a time in each."""

import atexit
import json
import math
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition
from uuid import uuid4

from bedrock_customization_local.cloud.credentials import DUMMY_CREDENTIALS, Credentials
from bedrock_customization_local.cloud.lambdas import logs
from bedrock_customization_local.cloud.lambdas.archives import ArchiveStore
from bedrock_customization_local.cloud.lambdas.environment import (
    libraries,
    machine_environment,
    sandbox_environment,
)
from bedrock_customization_local.cloud.lambdas.functions import (
    FailureKind,
    FunctionDefinition,
    Invocation,
    TooManyRequestsError,
    UnsupportedFunctionError,
)
from bedrock_customization_local.cloud.lambdas.processes import Processes
from bedrock_customization_local.cloud.lambdas.runtime_api import Event, Report, Signal
from bedrock_customization_local.cloud.lambdas.sandbox import Folders, Sandbox, new_home
from bedrock_customization_local.cloud.lambdas.watch import Watch

_INIT_SECONDS = 10
"""Lambda's own time-out of the init phase, outside the function's."""
_MB = 1024 * 1024


class LambdaRuntime:
    """Runs Lambda functions as processes of this machine.

    Safe to call from any thread. Everything it started is gone after `close`, at the exit of
    this process, and when this process is killed.

    Args:
        endpoint_url_of: Gives the embedded AWS's address, which may start later.
        region: The Region the functions see.
        credentials_of: Gives the credentials of an execution role.
        max_sandboxes: How many processes may live at once; idle ones make room.
        warm_seconds: How long an idle sandbox stays.
        patience: Seconds to wait for a free sandbox before TooManyRequestsError.
    """

    def __init__(
        self,
        *,
        endpoint_url_of: Callable[[], str],
        region: str,
        credentials_of: Callable[[str], Credentials] = lambda _role: DUMMY_CREDENTIALS,
        max_sandboxes: int = 32,
        warm_seconds: float = math.inf,
        patience: float = 60,
    ) -> None:
        self.endpoint_url_of = endpoint_url_of
        self.region = region
        self._credentials_of = credentials_of
        self._max_sandboxes = max_sandboxes
        self._warm_seconds = warm_seconds
        self._patience = patience
        self._root = Path(tempfile.mkdtemp(prefix="lambda-"))
        for folder in ("archives", "sandboxes", "cache"):
            (self._root / folder).mkdir()
        self._archives = ArchiveStore(self._root / "archives")
        self._processes = Processes(libraries(), machine_environment(self._root / "cache"))
        self._watch = Watch()
        self._changed = Condition()
        self._idle: dict[str, list[Sandbox]] = {}  # by fingerprint; least recently used first
        self._busy: dict[str, int] = {}  # by function name
        self._live: set[Sandbox] = set()
        self._starting = 0
        self._closed = False
        atexit.register(self.close)

    def invoke(
        self,
        function: FunctionDefinition,
        payload: bytes,
        *,
        invoked_arn: str | None = None,
        client_context: str = "",
    ) -> Invocation:
        """Run a function once and wait for its answer.

        Args:
            function: The version to run.
            payload: The event, as JSON.
            invoked_arn: The ARN that was called, if it carries a qualifier.
            client_context: The caller's client context, as JSON.

        Raises:
            InvalidArchiveError: The code or a layer cannot be unpacked.
            TooManyRequestsError: No sandbox may or can take the invocation.
            UnsupportedFunctionError: The function is not a Python function.
        """
        if not function.runtime.startswith("python"):
            raise UnsupportedFunctionError(
                f"function {function.name} has runtime {function.runtime!r}: "
                "the embedded AWS runs Python functions"
            )
        request_id = str(uuid4())
        started = time.monotonic()
        sandbox = self._claim(function)
        init_ms: float | None = None
        report = Report(Signal.IDLE)
        try:
            if sandbox is None:
                sandbox, report = self._start(function)
                init_ms = (time.monotonic() - started) * 1000
            started = time.monotonic()
            if report.signal is Signal.IDLE:
                self._watch.add(sandbox)
                report = sandbox.invoke(
                    Event(
                        request_id=request_id,
                        payload=payload,
                        deadline_ms=int((time.time() + function.timeout) * 1000),
                        invoked_arn=invoked_arn or function.arn,
                        trace_id=_trace_id(),
                        client_context=client_context,
                    ),
                    function.timeout,
                )
                self._watch.remove(sandbox)
            duration_ms = (time.monotonic() - started) * 1000
            return _described(sandbox, report, request_id, duration_ms, init_ms)
        finally:
            self._release(function, sandbox)

    def kill(self, handler: str = "") -> int:
        """End functions in the middle of their work, as a platform that breaks down does.

        Args:
            handler: A part of their handlers' names; all functions by default.

        Returns:
            How many processes that were.
        """
        with self._changed:
            busy = self._live.difference(*self._idle.values())
            found = [one for one in busy if one.alive and handler in one.function.handler]
        for sandbox in found:
            sandbox.kill()
        return len(found)

    def close(self) -> None:
        """Kill every sandbox and remove every file."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            sandboxes = list(self._live)
            self._changed.notify_all()
        atexit.unregister(self.close)
        self._watch.close()
        for sandbox in sandboxes:
            sandbox.end(Signal.EXITED)
            sandbox.discard()
        self._processes.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def _claim(self, function: FunctionDefinition) -> Sandbox | None:
        """Return a warm sandbox, or None with the right to start one."""
        limit = function.reserved_concurrency
        with self._changed:
            if limit is not None and self._busy.get(function.name, 0) >= limit:
                raise TooManyRequestsError(
                    f"function {function.name} already runs {limit} times, its reserved "
                    "concurrency: raise it, or call it less often"
                )
            if not self._changed.wait_for(self._has_room, self._patience):
                raise TooManyRequestsError(
                    f"all {self._max_sandboxes} sandboxes are busy for {self._patience} s"
                )
            if self._closed:
                raise TooManyRequestsError("the embedded AWS is going down")
            self._busy[function.name] = self._busy.get(function.name, 0) + 1
            warm = self._idle.get(function.fingerprint(), [])
            while warm:
                sandbox = warm.pop()
                if sandbox.alive:
                    return sandbox
                self._forget(sandbox)
            if len(self._live) + self._starting >= self._max_sandboxes:
                self._evict()
            self._starting += 1
            return None

    def _has_room(self) -> bool:
        spare = len(self._live) + self._starting < self._max_sandboxes
        return self._closed or spare or any(self._idle.values())

    def _evict(self) -> None:
        """Make room: end one idle sandbox of the version that has been idle longest."""
        fingerprint = next(name for name, idle in self._idle.items() if idle)
        self._forget(self._idle[fingerprint].pop(0))

    def _forget(self, sandbox: Sandbox) -> None:
        self._live.discard(sandbox)
        sandbox.discard()

    def _start(self, function: FunctionDefinition) -> tuple[Sandbox, Report]:
        """Start a sandbox; an init phase that takes too long is repeated on the function's time."""
        try:
            sandbox, report = self._initialize(function, _INIT_SECONDS)
            if report.signal is Signal.TIMED_OUT:
                sandbox.discard()
                sandbox, report = self._initialize(function, function.timeout)
        finally:
            with self._changed:
                self._starting -= 1
        with self._changed:
            self._live.add(sandbox)
            closed = self._closed
        if closed:  # nobody else would end it
            sandbox.end(Signal.EXITED)
        return sandbox, report

    def _initialize(self, function: FunctionDefinition, seconds: float) -> tuple[Sandbox, Report]:
        now = datetime.now(UTC)
        log_stream = f"{now:%Y/%m/%d}/[{function.version}]{uuid4().hex}"
        folders = Folders(
            root=self._root,
            home=new_home(self._root / "sandboxes"),
            code=self._archives.folder(function.code),
            layers=tuple(self._archives.folder(layer) for layer in function.layers),
        )
        environment = sandbox_environment(
            function,
            home=folders.home,
            code=folders.code,
            shared_cache=self._root / "cache",
            log_stream=log_stream,
            region=self.region,
            endpoint_url=self.endpoint_url_of(),
            credentials=self._credentials_of(function.role),
        )
        sandbox = Sandbox(function, folders, environment, log_stream, self._processes)
        self._watch.add(sandbox)
        report = sandbox.wait_until_ready(seconds)
        self._watch.remove(sandbox)
        return sandbox, report

    def _release(self, function: FunctionDefinition, sandbox: Sandbox | None) -> None:
        fingerprint = function.fingerprint()
        with self._changed:
            self._busy[function.name] -= 1
            if sandbox is not None:
                if sandbox.alive and not self._closed:
                    sandbox.idle_since = time.monotonic()
                    # The version used last moves to the end: `_evict` takes from the front.
                    idle = self._idle.pop(fingerprint, [])
                    self._idle[fingerprint] = [*idle, sandbox]
                else:
                    self._forget(sandbox)
            self._end_the_long_idle()
            self._changed.notify_all()

    def _end_the_long_idle(self) -> None:
        oldest = time.monotonic() - self._warm_seconds
        for fingerprint, idle in self._idle.items():
            for sandbox in idle:
                if sandbox.idle_since < oldest:
                    self._forget(sandbox)
            self._idle[fingerprint] = [each for each in idle if each.idle_since >= oldest]


def _described(
    sandbox: Sandbox,
    report: Report,
    request_id: str,
    duration_ms: float,
    init_ms: float | None,
) -> Invocation:
    """Turn what the sandbox reported into what Invoke answers, and end a sandbox that failed."""
    function = sandbox.function
    signal = report.signal
    if sandbox.peak_rss > function.memory_size * _MB:
        signal = Signal.OUT_OF_MEMORY  # gone again before the watch looked
    error: str | None = None
    payload = report.payload
    if signal is not Signal.RESPONSE:
        error = "Unhandled"
        if signal not in {Signal.ERROR, Signal.INIT_ERROR}:
            payload = _platform_error(sandbox, signal, request_id)
    if signal not in {Signal.RESPONSE, Signal.ERROR}:
        sandbox.kill()
    max_memory_mb = min(math.ceil(sandbox.peak_rss / _MB), function.memory_size)
    facts = logs.Facts(
        request_id=request_id,
        version=function.version,
        memory_size=function.memory_size,
        duration_ms=duration_ms,
        init_ms=init_ms,
        max_memory_mb=max_memory_mb,
        status=logs.status_of(signal),
        timeout=function.timeout,
    )
    return Invocation(
        request_id=request_id,
        payload=payload,
        function_error=error,
        executed_version=function.version,
        log=logs.framed(sandbox.take_log(), facts, function.log_format),
        log_stream=sandbox.log_stream,
        duration_ms=duration_ms,
        init_ms=init_ms,
        max_memory_mb=max_memory_mb,
    )


def _platform_error(sandbox: Sandbox, signal: Signal, request_id: str) -> bytes:
    if signal is Signal.TIMED_OUT:
        kind = FailureKind.TIMED_OUT
        message = f"Task timed out after {sandbox.function.timeout:.2f} seconds"
    elif signal is Signal.OUT_OF_MEMORY:
        kind = FailureKind.OUT_OF_MEMORY
        message = "Runtime exited with error: signal: killed"
    elif signal is Signal.TOO_LARGE:
        kind = FailureKind.RESPONSE_TOO_LARGE
        message = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
        return json.dumps({"errorType": kind, "errorMessage": message}).encode()
    else:
        kind = FailureKind.EXITED
        message = _exit_message(sandbox.exit_status)
    return json.dumps(
        {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {message}"}
    ).encode()


def _exit_message(status: int | None) -> str:
    if not status:
        return "Runtime exited without providing a reason"
    if status < 0:
        return "Runtime exited with error: signal: killed"
    return f"Runtime exited with error: exit status {status}"


def _trace_id() -> str:
    return f"Root=1-{int(time.time()):08x}-{uuid4().hex[:24]};Parent={uuid4().hex[:16]};Sampled=0"
