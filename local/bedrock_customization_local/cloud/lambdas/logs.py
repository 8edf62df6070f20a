"""The lines that Lambda itself writes around an invocation's log."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bedrock_customization_local.cloud.lambdas.functions import LogFormat
from bedrock_customization_local.cloud.lambdas.runtime_api import Signal


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the platform knows of an invocation that has ended.

    Args:
        request_id: Lambda's id of the invocation.
        version: The version that ran.
        memory_size: The function's memory, in MB.
        duration_ms: What the handler took.
        init_ms: What starting the sandbox took; None when it was warm.
        max_memory_mb: The most memory seen.
        status: `success`, `error`, `failure` or `timeout`, as in REPORT lines.
        timeout: The function's time-out in seconds.
    """

    request_id: str
    version: str
    memory_size: int
    duration_ms: float
    init_ms: float | None
    max_memory_mb: int
    status: str
    timeout: int

    @property
    def billed_ms(self) -> int:
        """Whole milliseconds, the init phase included."""
        return math.ceil(self.duration_ms + (self.init_ms or 0))


def status_of(signal: Signal) -> str:
    """Return the status a REPORT line gives an invocation."""
    if signal is Signal.RESPONSE:
        return "success"
    if signal is Signal.TIMED_OUT:
        return "timeout"
    return "failure" if signal is Signal.ERROR else "error"


def framed(text: str, facts: Facts, log_format: LogFormat) -> str:
    """Return the log of one invocation: what the function wrote, between the platform's lines."""
    if text and not text.endswith("\n"):
        text += "\n"
    if log_format is LogFormat.JSON:
        return _framed_as_json(text, facts)
    return _framed_as_text(text, facts)


def _framed_as_text(text: str, facts: Facts) -> str:
    request = f"RequestId: {facts.request_id}"
    lines = [f"START {request} Version: {facts.version}\n", text]
    if facts.status == "timeout":
        lines.append(
            f"{_now()} {facts.request_id} Task timed out after {facts.timeout:.2f} seconds\n\n"
        )
    report = [
        f"REPORT {request}",
        f"Duration: {facts.duration_ms:.2f} ms",
        f"Billed Duration: {facts.billed_ms} ms",
        f"Memory Size: {facts.memory_size} MB",
        f"Max Memory Used: {facts.max_memory_mb} MB",
    ]
    if facts.init_ms is not None:
        report.append(f"Init Duration: {facts.init_ms:.2f} ms")
    if facts.status in {"error", "timeout"}:
        report.append(f"Status: {facts.status}")
    lines += [f"END {request}\n", "\t".join(report), "\t\n"]
    return "".join(lines)


def _framed_as_json(text: str, facts: Facts) -> str:
    metrics: dict[str, float] = {
        "durationMs": round(facts.duration_ms, 3),
        "billedDurationMs": facts.billed_ms,
        "memorySizeMB": facts.memory_size,
        "maxMemoryUsedMB": facts.max_memory_mb,
    }
    if facts.init_ms is not None:
        metrics["initDurationMs"] = round(facts.init_ms, 3)
    start = {"requestId": facts.request_id, "version": facts.version}
    report = {"requestId": facts.request_id, "metrics": metrics, "status": facts.status}
    return _platform("platform.start", start) + text + _platform("platform.report", report)


def _platform(kind: str, record: Mapping[str, object]) -> str:
    return json.dumps({"time": _now(), "type": kind, "record": record}) + "\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
