"""Approve or reject over HTTP: a page for whoever has the link, JSON for whoever AWS knows.

Two function addresses lead here. Lambda itself says by which one came: of a request that it checked
the signature of, it names the caller, which nobody can write into a request. To look never decides:
mail programs open links by themselves.
"""

from __future__ import annotations

import base64
import os
import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, TypedDict
from urllib.parse import parse_qs

import msgspec

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.promotion import approval, approval_steps
from bedrock_customization_runtime.promotion.approval import DecisionRefusedError
from bedrock_customization_runtime.reports import approval_page
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
_OUTCOMES: Mapping[str, Literal["approved", "rejected"]] = {
    "approve": "approved",
    "reject": "rejected",
}
_MAXIMUM_BODY = 20_000
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}


class Response(TypedDict):
    """What a function address answers."""

    statusCode: int
    headers: dict[str, str]
    body: str


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that Lambda has checked the signature of."""

    run: str
    decision: Literal["approve", "reject"]
    reason: str


@observed
def handler(event: Mapping[str, object], _context: object) -> Response:
    """Answer a request in the payload format 2.0 of function addresses."""
    context = _mapping(event.get("requestContext"))
    method = _mapping(context.get("http")).get("method")
    known = _mapping(_mapping(context.get("authorizer")).get("iam"))
    try:
        if known:
            return _decide_as(str(known["userArn"]), str(method), event)
        return _decide_by_link(event) if method == "POST" else _show(event)
    except DecisionRefusedError as refusal:
        if known:
            return _json(refusal.status, {"message": str(refusal)})
        return _page(refusal.status, approval_page.refused(str(refusal)))


def _show(event: Mapping[str, object]) -> Response:
    query = _mapping(event.get("queryStringParameters"))
    key, secret = str(query.get("run", "")), str(query.get("secret", ""))
    page = approval_steps.page(
        aws.s3(), _record(key), run_key=key, secret=secret, now=datetime.now(UTC)
    )
    return _page(HTTPStatus.OK, page)


def _decide_by_link(event: Mapping[str, object]) -> Response:
    try:
        form = parse_qs(_body(event).decode(), max_num_fields=8)
    except ValueError:
        form = {}
    given = {name: values[0] for name, values in form.items()}
    if given.get("decision") not in _OUTCOMES:
        raise DecisionRefusedError(HTTPStatus.BAD_REQUEST, "choose to approve or to reject")
    decision = approval.decide(
        aws.s3(),
        aws.stepfunctions(),
        _record(given.get("run", "")),
        outcome=_OUTCOMES[given["decision"]],
        reason=given.get("reason", ""),
        approver=None,
        secret=given.get("secret", ""),
        now=datetime.now(UTC),
    )
    return _page(HTTPStatus.OK, approval_page.decided(decision.outcome))


def _decide_as(approver: str, method: str, event: Mapping[str, object]) -> Response:
    if method != "POST":
        raise DecisionRefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "decide with POST")
    try:
        asked = msgspec.json.decode(_body(event), type=Decision)
    except msgspec.MsgspecError as error:
        raise DecisionRefusedError(HTTPStatus.BAD_REQUEST, str(error)) from None
    record = _record(asked.run)
    if asked.decision == "approve" and os.environ.get("OTHER_THAN_SUBMITTER"):
        approval_steps.check_not_submitter(aws.s3(), aws.cloudtrail(), record, approver)
    decision = approval.decide(
        aws.s3(),
        aws.stepfunctions(),
        record,
        outcome=_OUTCOMES[asked.decision],
        reason=asked.reason,
        approver=approver,
        secret=None,
        now=datetime.now(UTC),
    )
    return _json(HTTPStatus.OK, {"outcome": decision.outcome, "approver": approver})


def _record(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise approval.nobody_asks()
    return approval.record_uri(os.environ["ARTIFACTS_BUCKET"], key)


def _body(event: Mapping[str, object]) -> bytes:
    body = str(event.get("body") or "")
    if len(body) > _MAXIMUM_BODY:
        raise DecisionRefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a request takes at most {_MAXIMUM_BODY:,} characters, got {len(body):,}: give a "
            "shorter reason",
        )
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _page(status: HTTPStatus, page: str) -> Response:
    headers = {**_HEADERS, "Content-Type": "text/html; charset=utf-8"}
    return {"statusCode": status.value, "headers": headers, "body": page}


def _json(status: HTTPStatus, answer: Mapping[str, str]) -> Response:
    headers = {**_HEADERS, "Content-Type": "application/json"}
    body = msgspec.json.encode(answer).decode()
    return {"statusCode": status.value, "headers": headers, "body": body}
