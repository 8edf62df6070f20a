"""Close a run's manifest, write its report and model card; end a run that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from bedrock_customization_runtime import manifest, run_metrics, times
from bedrock_customization_runtime.contract import Outcome
from bedrock_customization_runtime.errors import CustomizationError
from bedrock_customization_runtime.reports import html, model_card, text
from bedrock_customization_runtime.s3 import objects
from bedrock_customization_runtime.telemetry import emit

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import (
        EndRunInput,
        Failure,
        RecordRunInput,
        RunRecord,
    )

_OUTCOMES = {
    "approved": Outcome.PROMOTED,
    "rejected": Outcome.APPROVAL_REJECTED,
    "expired": Outcome.APPROVAL_EXPIRED,
}


def record(s3: S3Client, event: RecordRunInput) -> RunRecord:
    """Close the manifest, write report and model card; return how the run ended, for people."""
    run, failure = event["run"], event.get("failure")
    section = (
        manifest.FailureSection(error=failure["error"], cause=failure["cause"]) if failure else None
    )
    closed = close(s3, run["manifest"], run["artifacts"], section)
    return {
        "status": _status(closed),
        "outcome": _outcome(closed),
        "report": report_of(run["artifacts"]),
        "manifest_sha256": manifest.digest_of(closed),
        "summary": text.summary(closed),
    }


def close(
    s3: S3Client, uri: str, artifacts: str, failure: manifest.FailureSection | None
) -> manifest.Manifest:
    """Close the manifest, write report and model card, measure the run.

    Args:
        s3: Client.
        uri: Where the manifest is.
        artifacts: S3 URI prefix of the run's artifacts, without a trailing slash.
        failure: Why the run ended early, if it did.

    Returns:
        The closed manifest.
    """
    closed = manifest.update(s3, uri, lambda found: _closed(found, failure))
    for metric, value in run_metrics.of_run(closed).items():
        emit(metric, value)
    report = html.render(closed).encode()
    objects.write(s3, report_of(artifacts), report, "text/html; charset=utf-8")
    _write_card(s3, artifacts, closed)
    return closed


def report_of(artifacts: str) -> str:
    """Return the S3 URI of a run's report."""
    return f"{artifacts}/report.html"


def end(s3: S3Client, event: EndRunInput) -> Failure:
    """Fail as the run has failed, unless the execution was redriven since.

    A redrive begins with the state that failed, which is the one that calls this. So a function
    fails here, not a Fail state, which could not but fail again.

    Raises:
        CustomizationError: By the name of the run's own error.
    """
    failure = event["end"]
    if event["redrives"] <= failure["redrives"]:
        raise type(failure["error"], (CustomizationError,), {})(failure["cause"])
    run = event.get("run")
    if run:
        manifest.update(
            s3,
            run["manifest"],
            lambda found: replace(found, status="running", failure=None, outcome=None, ended=None),
        )
    return failure


def _write_card(s3: S3Client, artifacts: str, closed: manifest.Manifest) -> None:
    card = model_card.model_card(closed)
    if card is None:
        return
    for name, body, content_type in (
        ("model-card.md", model_card.as_markdown(card).encode(), "text/markdown; charset=utf-8"),
        ("model-card.json", model_card.as_json(card), "application/json"),
    ):
        objects.write(s3, f"{artifacts}/{name}", body, content_type)


def _closed(found: manifest.Manifest, failure: manifest.FailureSection | None) -> manifest.Manifest:
    closed = replace(found, failure=failure)
    outcome = _outcome(closed)
    # A repeated call ends nothing anew; one that a redriven execution comes to after all does.
    ended = found.ended if found.ended and found.outcome == outcome else times.now()
    return replace(closed, status=_status(closed), outcome=outcome, ended=ended)


def _status(found: manifest.Manifest) -> Literal["promoted", "rejected", "failed"]:
    if found.failure:
        return "failed"
    return "promoted" if _outcome(found) == Outcome.PROMOTED else "rejected"


def _outcome(found: manifest.Manifest) -> str:
    if found.failure:
        return found.failure.error
    if found.decision is None or not found.decision.promote:
        return Outcome.GATE_REFUSED
    return _OUTCOMES[found.approval.outcome] if found.approval else Outcome.PROMOTED
