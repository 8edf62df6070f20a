"""People decide: who may, once, and until when.

What an execution waits with, its task token, lies in a record that only the functions of the
approval read, together with the digest of the secret that the link carries. A decision is written
into the record first, only over the version that was read, and only then is the execution woken.
So of two decisions one counts; and the execution believes the record, not who woke it: a token
that leaked, through the execution's history for one, decides nothing.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from bedrock_customization_runtime import times
from bedrock_customization_runtime.errors import ManifestConflict
from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

MAXIMUM_REASON = 1_000
"""Characters."""
# The function that decides ends within it, so no decision is under way when the task times out.
_MARGIN = timedelta(minutes=2)
_SECRET_BYTES = 32
_ATTEMPTS = 3


class ApprovalDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was decided, or that nobody did in time."""

    outcome: Literal["approved", "rejected", "expired"]
    reason: str = ""
    approver: str | None = None
    """ARN by which Lambda knew them; None of whoever had the link."""
    decided: str
    """ISO 8601, UTC."""


class ApprovalRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record: what people are asked, and what they said."""

    run: str
    manifest: str
    execution_arn: str
    started: str
    """The run, ISO 8601, UTC."""
    redrives: int
    """A redriven execution asks anew."""
    task_token: str
    secret_sha256: str | None
    """Hexadecimal; None where there is no link."""
    evidence: str | None = None
    """SHA-256 of the version of the manifest that they are shown."""
    requested: str
    """ISO 8601, UTC; so the next."""
    expires: str
    decision: ApprovalDecision | None = None


class DecisionRefusedError(Exception):
    """A decision that has no effect, and why.

    Args:
        status: Of the answer over HTTP.
        message: For whoever tried.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def record_uri(artifacts_bucket: str, run_key: str) -> str:
    """Return where the record of a run is."""
    return f"s3://{artifacts_bucket}/approvals/{run_key}.json"


def new_secret() -> str:
    """Return what a link carries so that nobody can guess it; safe in a URL."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest(secret: str) -> str:
    """Return what the record keeps of a secret."""
    return sha256(secret.encode()).hexdigest()


def expiry(now: datetime, timeout_seconds: int) -> str:
    """Return until when people may decide: shortly before the task times out."""
    return times.iso(now + timedelta(seconds=timeout_seconds) - _MARGIN)


def request(s3: S3Client, sfn: SFNClient, record: str, asked: ApprovalRequest) -> bool:
    """Write what people are asked.

    Returns:
        Whether they are to be told; False if they have decided already and the execution, which
        had not heard of it, was woken.

    Raises:
        ManifestConflict: A decision came at the same time; the same request fits later.
    """
    version, found = _read(s3, record)
    if found and found.redrives == asked.redrives and found.decision:
        _wake(sfn, asked.task_token, found.decision)
        return False
    _write(s3, record, asked, replaces=version)
    return True


def find(s3: S3Client, record: str) -> ApprovalRequest:
    """Return what people are asked.

    Raises:
        DecisionRefusedError: There is no such request.
    """
    found = _read(s3, record)[1]
    if found is None:
        raise nobody_asks()
    return found


def nobody_asks() -> DecisionRefusedError:
    """Return the refusal of a decision about a run that does not ask for one."""
    return DecisionRefusedError(
        HTTPStatus.NOT_FOUND,
        "no run of that name asks for an approval: take the name from the notification",
    )


def open_link(found: ApprovalRequest, secret: str) -> None:
    """Check the secret of a link.

    Raises:
        DecisionRefusedError: It is not the one that people were told.
    """
    if found.secret_sha256 is None or not secrets.compare_digest(
        found.secret_sha256, digest(secret)
    ):
        raise DecisionRefusedError(
            HTTPStatus.FORBIDDEN, "this link is not valid: take that of the newest notification"
        )


def check_not_submitter(approver: str, submitter: str | None) -> None:
    """Check that a run is not approved by who started it.

    Args:
        approver: ARN of who approves.
        submitter: ARN of who started the run; None if that cannot be found out.

    Raises:
        DecisionRefusedError: They are the same, or may be.
    """
    if submitter is None:
        raise DecisionRefusedError(
            HTTPStatus.FORBIDDEN,
            "CloudTrail does not say who started the run: it learns of it within minutes and "
            "forgets it after 90 days",
        )
    if submitter == approver:
        raise DecisionRefusedError(
            HTTPStatus.FORBIDDEN, f"{approver} started the run: somebody else has to approve it"
        )


def check_open(found: ApprovalRequest, now: datetime) -> None:
    """Check that a decision would still count.

    Raises:
        DecisionRefusedError: Somebody decided, or it is too late.
    """
    if found.decision is not None and found.decision.outcome != "expired":
        raise DecisionRefusedError(
            HTTPStatus.CONFLICT,
            f"this run was {found.decision.outcome} {found.decision.decided}: nothing was changed",
        )
    if found.decision is not None or now >= datetime.fromisoformat(found.expires):
        raise DecisionRefusedError(
            HTTPStatus.GONE, f"the time to decide ended {found.expires}: nothing was changed"
        )


def decide(
    s3: S3Client,
    sfn: SFNClient,
    record: str,
    *,
    outcome: Literal["approved", "rejected"],
    reason: str,
    approver: str | None,
    secret: str | None,
    now: datetime,
) -> ApprovalDecision:
    """Decide for a run, once.

    Args:
        s3: Client.
        sfn: Client.
        record: Of the run.
        outcome: What is decided.
        reason: In the approver's words.
        approver: ARN by which Lambda knows them; None if they came by the link.
        secret: Of the link; None if they came by their own credentials.
        now: Time of day.

    Returns:
        What stands in the record now.

    Raises:
        DecisionRefusedError: It has no effect: no such request, a wrong secret, no reason, decided
            already, too late, or the execution does not wait any more.
    """
    version, found = _read(s3, record)
    if found is None:
        raise nobody_asks()
    if approver is None:
        open_link(found, secret or "")
    if found.decision is not None and found.decision.outcome != "expired":
        # Whoever decided may have been cut off before the execution heard of it.
        _wake(sfn, found.task_token, found.decision)
    check_open(found, now)
    words = " ".join(reason.split())
    if not 0 < len(words) <= MAXIMUM_REASON:
        raise DecisionRefusedError(
            HTTPStatus.BAD_REQUEST,
            f"a reason of 1 to {MAXIMUM_REASON:,} characters is needed, got {len(words):,}",
        )
    decision = ApprovalDecision(
        outcome=outcome, reason=words, approver=approver, decided=times.iso(now)
    )
    try:
        _write(s3, record, replace(found, decision=decision), replaces=version)
    except ManifestConflict:
        raise DecisionRefusedError(
            HTTPStatus.CONFLICT, "somebody else decided at the same time: nothing was changed"
        ) from None
    if not _wake(sfn, found.task_token, decision):
        raise DecisionRefusedError(
            HTTPStatus.GONE, "the run does not wait any more: the decision has no effect"
        )
    return decision


def conclude(s3: S3Client, record: str) -> ApprovalRequest:
    """End the asking: what was decided by now stands, and nothing can be decided any more.

    Raises:
        ManifestConflict: The record changed again and again while it was written.
    """

    def concluded(body: bytes | None) -> tuple[bytes | None, ApprovalRequest]:
        if body is None:
            raise ManifestConflict(f"{record} does not exist, so nobody was asked: redrive the run")
        found = msgspec.json.decode(body, type=ApprovalRequest)
        if found.decision is not None:
            return None, found
        decision = ApprovalDecision(outcome="expired", decided=times.iso(datetime.now(UTC)))
        expired = replace(found, decision=decision)
        return msgspec.json.encode(expired), expired

    return objects.update(s3, record, concluded, attempts=_ATTEMPTS)


def _read(s3: S3Client, record: str) -> tuple[objects.Version | None, ApprovalRequest | None]:
    version = objects.read_version(s3, record)
    if version is None:
        return None, None
    return version, msgspec.json.decode(version.body, type=ApprovalRequest)


def _write(
    s3: S3Client, record: str, asked: ApprovalRequest, *, replaces: objects.Version | None
) -> None:
    try:
        body = msgspec.json.encode(asked)
        objects.write_version(s3, record, body, "application/json", replaces=replaces)
    except objects.VersionConflictError:
        raise ManifestConflict(
            f"{record} was written by another at the same time: run it again"
        ) from None


def _wake(sfn: SFNClient, task_token: str, decision: ApprovalDecision) -> bool:
    """Let the execution go on; False if it does not wait any more."""
    output = msgspec.json.encode({"outcome": decision.outcome}).decode()
    try:
        sfn.send_task_success(taskToken=task_token, output=output)
    except (
        sfn.exceptions.TaskDoesNotExist,
        sfn.exceptions.TaskTimedOut,
        sfn.exceptions.InvalidToken,
    ):
        return False
    return True
