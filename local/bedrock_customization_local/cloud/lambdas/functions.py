"""What one version of a function is, and what one invocation of it gave."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

LOG_TAIL_BYTES = 4096
"""What Invoke returns of the log when asked for `LogType=Tail`."""


class LogFormat(StrEnum):
    """How a function's LoggingConfig asks for its log."""

    TEXT = "Text"
    JSON = "JSON"


class FailureKind(StrEnum):
    """How the platform itself, rather than the handler, ended an invocation."""

    EXITED = "Runtime.ExitError"
    OUT_OF_MEMORY = "Runtime.OutOfMemory"
    TIMED_OUT = "Sandbox.Timedout"
    RESPONSE_TOO_LARGE = "Function.ResponseSizeTooLarge"


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip archive and the SHA-256 that names its content.

    Args:
        content: The bytes of the archive; empty stands for an archive without files.
        sha256: The hexadecimal digest of `content`.
    """

    content: bytes = field(repr=False)
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> "Archive":
        """Return the archive of these bytes."""
        return cls(content, hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionDefinition:
    """One version of a function, as the sandbox needs it.

    Args:
        name: The function's name.
        arn: Its ARN without a qualifier.
        version: `$LATEST` or a number.
        handler: `module.function`, dots or slashes between packages.
        runtime: Lambda's name of the runtime, like `python3.13`; sets AWS_EXECUTION_ENV.
        role: ARN of the execution role.
        code: The function's own code.
        layers: Its layers, in order; a later one wins.
        environment: Its variables.
        timeout: Seconds an invocation may take.
        memory_size: MB the sandbox's processes may hold together.
        log_group: Where its log goes.
        log_format: Text or JSON.
        log_level: The root logger's level; only JSON logs have one.
        reserved_concurrency: How many may run at once; None shares the account's.
    """

    name: str
    arn: str
    version: str = "$LATEST"
    handler: str
    runtime: str
    role: str
    code: Archive
    layers: tuple[Archive, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: int = 3
    memory_size: int = 128
    log_group: str
    log_format: LogFormat = LogFormat.TEXT
    log_level: str = ""
    reserved_concurrency: int | None = None

    def fingerprint(self) -> str:
        """Return what two definitions share when a warm sandbox of one may serve the other."""
        parts = [
            self.arn,
            self.version,
            self.handler,
            self.runtime,
            self.role,
            self.code.sha256,
            [layer.sha256 for layer in self.layers],
            sorted(self.environment.items()),
            self.memory_size,
            self.log_group,
            self.log_format,
            self.log_level,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """What one invocation gave.

    Args:
        request_id: Lambda's id of the invocation.
        payload: The handler's answer, or the error document, as JSON.
        function_error: `Unhandled` when the function failed, else None.
        executed_version: The version that ran.
        log: Everything written since the last invocation, with the platform's own lines.
        log_stream: The sandbox's log stream.
        duration_ms: What the handler took.
        init_ms: What starting the sandbox took; None when it was warm.
        max_memory_mb: The most memory seen.
    """

    request_id: str
    payload: bytes
    function_error: str | None
    executed_version: str
    log: str = field(repr=False)
    log_stream: str
    duration_ms: float
    init_ms: float | None
    max_memory_mb: int

    def log_tail(self) -> str:
        """Return the last 4 KB of the log in base64, as Invoke's LogResult."""
        text = "\n".join(self.log_events()) + "\n"
        return base64.b64encode(text.encode()[-LOG_TAIL_BYTES:]).decode()

    def log_events(self) -> list[str]:
        """Return the log's events: a line each, but for stack traces, which are one event."""
        # The runtime joins the lines of one event by carriage returns.
        return [line.replace("\r", "\n") for line in self.log.split("\n") if line]


class TooManyRequestsError(Exception):
    """The function's reserved concurrency, or the runtime's sandboxes, are all busy."""


class UnsupportedFunctionError(Exception):
    """The function cannot run on a person's machine: not Python, or a container image."""
