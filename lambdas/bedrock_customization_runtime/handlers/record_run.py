"""Close a run's manifest and write its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from bedrock_customization_runtime import aws, manifest, storage, times
from bedrock_customization_runtime.reports import html, text

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import Failure, RecordRunInput, RunRecord


def handler(event: RecordRunInput, _context: object) -> RunRecord:
    """Return how the run ended, for people."""
    run, failure = event["run"], event.get("failure")
    closed = manifest.update(aws.s3(), run["manifest"], lambda found: _closed(found, failure))
    report = f"{run['artifacts']}/report.html"
    storage.write(aws.s3(), report, html.render(closed).encode(), "text/html; charset=utf-8")
    return {"status": _status(closed), "report": report, "summary": text.summary(closed)}


def _closed(found: manifest.Manifest, failure: Failure | None) -> manifest.Manifest:
    section = (
        manifest.FailureSection(error=failure["error"], cause=failure["cause"]) if failure else None
    )
    closed = replace(found, failure=section, ended=found.ended or times.now())
    return replace(closed, status=_status(closed))


def _status(found: manifest.Manifest) -> Literal["promoted", "rejected", "failed"]:
    if found.failure:
        return "failed"
    return "promoted" if found.decision and found.decision.promote else "rejected"
