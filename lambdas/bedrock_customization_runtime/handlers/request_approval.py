"""Ask people whether a candidate goes live, and keep what they said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from msgspec.structs import replace

from bedrock_customization_runtime import aws, manifest, times
from bedrock_customization_runtime.promotion import approval
from bedrock_customization_runtime.reports import text
from bedrock_customization_runtime.s3.objects import S3Uri
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        ApprovalOutcome,
        ConcludeApprovalInput,
        RequestApprovalInput,
    )


@observed
def handler(
    event: RequestApprovalInput | ConcludeApprovalInput, _context: object
) -> ApprovalOutcome | None:
    """Ask, or end the asking and return what later states call `$approval`.

    Raises:
        ManifestConflict: Somebody decided at the same time; the same request fits later.
    """
    run = event["run"]
    record = approval.record_uri(S3Uri.parse(run["artifacts"]).bucket, run["key"])
    if "conclude" in event:
        return _conclude(event, record)
    _request(event, record)
    return None


def _request(event: RequestApprovalInput, record: str) -> None:
    run, now, page = event["run"], datetime.now(UTC), event.get("page")
    secret = approval.new_secret() if page else None
    about = manifest.load(aws.s3(), run["manifest"])
    asked = approval.ApprovalRequest(
        run=run["id"],
        manifest=run["manifest"],
        execution_arn=run["execution_arn"],
        started=about.run.started,
        redrives=event["redrives"],
        task_token=event["task_token"],
        secret_sha256=approval.digest(secret) if secret else None,
        requested=times.iso(now),
        expires=approval.expiry(now, event["timeout_seconds"]),
    )
    if not approval.request(aws.s3(), aws.stepfunctions(), record, asked):
        return
    link = f"{page}?{urlencode({'run': run['key'], 'secret': secret})}" if page and secret else None
    aws.sns().publish(
        TopicArn=event["topic"],
        Subject="Model customization: approval wanted",
        Message=text.approval_wanted(about, expires=asked.expires, link=link),
    )


def _conclude(event: ConcludeApprovalInput, record: str) -> ApprovalOutcome:
    concluded = approval.conclude(aws.s3(), record)
    decision = concluded.decision
    assert decision is not None  # noqa: S101 - concluded is what has one
    section = manifest.ApprovalSection(
        outcome=decision.outcome,
        reason=decision.reason,
        approver=decision.approver,
        requested=concluded.requested,
        decided=decision.decided,
    )
    manifest.update(
        aws.s3(), event["run"]["manifest"], lambda found: replace(found, approval=section)
    )
    return {"outcome": decision.outcome}
