"""Steps of an approval: people are asked, and what they said is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from msgspec.structs import replace

from bedrock_customization_runtime import manifest, times
from bedrock_customization_runtime.contract import SUBJECT
from bedrock_customization_runtime.promotion import approval, submitters
from bedrock_customization_runtime.reports import approval_page, text
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

    from bedrock_customization_runtime.aws_protocols import EventHistory
    from bedrock_customization_runtime.contract import (
        ApprovalOutcome,
        ConcludeApprovalInput,
        RequestApprovalInput,
        Run,
    )


def ask(s3: S3Client, sfn: SFNClient, sns: SNSClient, event: RequestApprovalInput) -> None:
    """Write what people are asked and tell them.

    Raises:
        ManifestConflict: Somebody decided at the same time; the same request fits later.
    """
    run, now, page = event["run"], datetime.now(UTC), event.get("page")
    secret = approval.new_secret() if page else None
    about, shown = manifest.load_version(s3, run["manifest"])
    asked = approval.ApprovalRequest(
        run=run["id"],
        manifest=run["manifest"],
        execution_arn=run["execution_arn"],
        started=about.run.started,
        redrives=event["redrives"],
        task_token=event["task_token"],
        secret_sha256=approval.digest(secret) if secret else None,
        evidence=shown,
        requested=times.iso(now),
        expires=approval.expiry(now, event["timeout_seconds"]),
    )
    if not approval.request(s3, sfn, _record_uri(run), asked):
        return
    link = f"{page}?{urlencode({'run': run['key'], 'secret': secret})}" if page and secret else None
    sns.publish(
        TopicArn=event["topic"],
        Subject=f"{SUBJECT}: approval wanted",
        Message=text.approval_wanted(about, expires=asked.expires, link=link),
    )


def page(s3: S3Client, record: str, *, run_key: str, secret: str, now: datetime) -> str:
    """Return the page, in HTML, on which whoever has the link decides.

    Args:
        s3: Client.
        record: Of the run.
        run_key: Of the run, as the link names it.
        secret: Of the link.
        now: Time of day.

    Raises:
        DecisionRefusedError: The link is not valid, or there is nothing to decide any more.
    """
    found = approval.find(s3, record)
    approval.open_link(found, secret)
    approval.check_open(found, now)
    about = manifest.load(s3, found.manifest)
    return approval_page.ask(about, key=run_key, secret=secret, expires=found.expires)


def check_not_submitter(s3: S3Client, cloudtrail: EventHistory, record: str, approver: str) -> None:
    """Check that a run is not approved by who started it.

    Args:
        s3: Client.
        cloudtrail: Client.
        record: Of the run.
        approver: ARN of who approves.

    Raises:
        DecisionRefusedError: They did, or nobody can tell.
    """
    found = approval.find(s3, record)
    submitter = submitters.submitter_of(cloudtrail, found.execution_arn, started=found.started)
    approval.check_not_submitter(approver, submitter)


def conclude(s3: S3Client, event: ConcludeApprovalInput) -> ApprovalOutcome:
    """End the asking; return what later states call `$approval`."""
    concluded = approval.conclude(s3, _record_uri(event["run"]))
    decision = concluded.decision
    assert decision is not None  # noqa: S101 - concluded is what has one
    section = manifest.ApprovalSection(
        outcome=decision.outcome,
        reason=decision.reason,
        approver=decision.approver,
        evidence=concluded.evidence,
        requested=concluded.requested,
        decided=decision.decided,
    )
    manifest.update(s3, event["run"]["manifest"], lambda found: replace(found, approval=section))
    return {"outcome": decision.outcome}


def _record_uri(run: Run) -> str:
    return approval.record_uri(S3Uri.parse(run["artifacts"]).bucket, run["key"])
