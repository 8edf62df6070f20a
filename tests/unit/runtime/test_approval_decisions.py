"""Who may decide, once, and until when; over HTTP as function addresses bring it."""

import base64
import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

import msgspec
import pytest
from botocore.stub import Stubber

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.errors import ManifestConflict
from bedrock_customization_runtime.handlers import decide_approval
from bedrock_customization_runtime.promotion import approval, submitters
from bedrock_customization_runtime.s3 import objects

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = "s" * 43


class Waiting:
    """The executions that wait, as the API of Step Functions answers for them."""

    class exceptions:
        """The client's."""

        class TaskDoesNotExist(Exception):
            """No such task."""

        class TaskTimedOut(Exception):
            """The task is over."""

        class InvalidToken(Exception):
            """No token."""

    def __init__(self, *tokens):
        self.tokens = set(tokens)
        self.woken = []

    def send_task_success(self, *, taskToken, output):
        """Wake one."""
        if taskToken not in self.tokens:
            raise self.exceptions.TaskTimedOut
        self.tokens.remove(taskToken)
        self.woken.append(json.loads(output)["outcome"])


@pytest.fixture
def record(request):
    return approval.record_uri("runtime-artifacts", request.node.name)


@pytest.fixture
def waiting():
    return Waiting("token")


def asked(**given):
    return approval.ApprovalRequest(
        **{
            "run": "r",
            "manifest": "s3://runtime-artifacts/runs/r/manifest.json",
            "execution_arn": "arn:r",
            "started": "2026-11-23T09:00:00+00:00",
            "redrives": 0,
            "task_token": "token",
            "secret_sha256": approval.digest(SECRET),
            "requested": "2026-11-23T11:00:00+00:00",
            "expires": "2026-11-23T13:00:00+00:00",
            **given,
        }
    )


@pytest.fixture
def decided(s3, waiting, record):
    """Ask, and return what decides."""
    approval.request(s3, waiting, record, asked())

    def decide(outcome="approved", *, reason="Good.", approver=None, secret=SECRET, now=NOW):
        return approval.decide(
            s3,
            waiting,
            record,
            outcome=outcome,
            reason=reason,
            approver=approver,
            secret=secret,
            now=now,
        )

    return decide


def refusal(status):
    """Expect a decision without effect."""
    return pytest.raises(approval.DecisionRefusedError, check=lambda error: error.status == status)


def test_a_decision_is_kept_and_wakes_the_execution(s3, record, waiting, decided):
    decision = decided("rejected", reason=" Too\n dear. ")
    assert (decision.outcome, decision.reason, decision.approver) == ("rejected", "Too dear.", None)
    assert approval.find(s3, record).decision == decision
    assert waiting.woken == ["rejected"]


def test_who_came_by_their_credentials_needs_no_secret_and_is_named(decided):
    assert decided(approver="arn:me", secret=None).approver == "arn:me"


@pytest.mark.parametrize("secret", ["", "x" * 43, None, approval.digest(SECRET)])
def test_a_forged_link_decides_nothing(s3, record, waiting, decided, secret):
    with refusal(HTTPStatus.FORBIDDEN):
        decided(secret=secret)
    assert approval.find(s3, record).decision is None
    assert waiting.woken == []


def test_where_there_is_no_link_no_secret_is_right(s3, record, waiting, decided):
    approval.request(s3, waiting, record, asked(secret_sha256=None))
    for secret in ("", SECRET, approval.digest("")):
        with refusal(HTTPStatus.FORBIDDEN):
            decided(secret=secret)


@pytest.mark.parametrize("reason", ["", " \n", "x" * 1001])
def test_a_decision_needs_a_reason_of_some_length(waiting, decided, reason):
    with refusal(HTTPStatus.BAD_REQUEST):
        decided(reason=reason)
    assert waiting.woken == []


def test_a_replayed_decision_changes_nothing(s3, record, waiting, decided):
    decided("rejected")
    with refusal(HTTPStatus.CONFLICT):
        decided("approved")
    assert approval.find(s3, record).decision.outcome == "rejected"
    assert waiting.woken == ["rejected"]


def test_a_late_decision_has_no_effect(s3, record, waiting, decided):
    with refusal(HTTPStatus.GONE):
        decided(now=NOW + timedelta(hours=1))
    assert approval.find(s3, record).decision is None
    assert waiting.woken == []


def test_a_decision_for_a_run_that_was_stopped_says_that_it_has_no_effect(waiting, decided):
    waiting.tokens.clear()
    with refusal(HTTPStatus.GONE):
        decided()


def test_a_decision_for_nobody_is_not_found(s3, waiting):
    with refusal(HTTPStatus.NOT_FOUND):
        approval.decide(
            s3,
            waiting,
            approval.record_uri("runtime-artifacts", "nobody"),
            outcome="approved",
            reason="Good.",
            approver="arn:me",
            secret=None,
            now=NOW,
        )


def test_of_two_decisions_at_once_one_counts(s3, record, waiting, decided, lose_to):
    lose_to(lambda: decided("rejected"))
    with refusal(HTTPStatus.CONFLICT):
        decided("approved")
    assert approval.find(s3, record).decision.outcome == "rejected"
    assert waiting.woken == ["rejected"]


def test_time_that_is_up_closes_the_record(s3, record, waiting, decided):
    assert approval.conclude(s3, record).decision.outcome == "expired"
    with refusal(HTTPStatus.GONE):
        decided()
    assert waiting.woken == []


def test_a_decision_at_the_last_moment_stands(s3, record, decided, lose_to):
    lose_to(lambda: decided("approved"))
    assert approval.conclude(s3, record).decision.outcome == "approved"


def test_an_execution_that_somebody_else_woke_finds_no_decision(s3, record, waiting, decided):
    """Whoever stole the token wakes the execution, but the record decides."""
    assert decided
    waiting.send_task_success(taskToken="token", output='{"outcome": "approved"}')
    assert approval.conclude(s3, record).decision.outcome == "expired"


def test_concluding_what_was_never_asked_says_so(s3):
    with pytest.raises(ManifestConflict, match="nobody was asked"):
        approval.conclude(s3, approval.record_uri("runtime-artifacts", "never"))


def test_asking_again_takes_the_older_link_away(s3, record, waiting, decided):
    newer = asked(task_token="newer", secret_sha256=approval.digest("other"))
    assert approval.request(s3, waiting, record, newer)
    with refusal(HTTPStatus.FORBIDDEN):
        decided()


def test_an_execution_that_missed_the_decision_is_woken_by_asking_again(
    s3, record, waiting, decided
):
    decided("approved")
    waiting.tokens.add("newer")
    assert not approval.request(s3, waiting, record, asked(task_token="newer"))
    assert waiting.woken == ["approved", "approved"]


def test_a_redriven_execution_asks_anew(s3, record, waiting, decided):
    decided("approved")
    assert approval.request(s3, waiting, record, asked(redrives=1, task_token="newer"))
    assert approval.find(s3, record).decision is None


def test_people_have_less_time_than_the_task():
    assert approval.expiry(NOW, 3600) == "2026-11-23T12:58:00+00:00"


def test_secrets_are_long_and_never_the_same():
    first, second = approval.new_secret(), approval.new_secret()
    assert len(first) == 43
    assert first != second


@pytest.fixture
def over_http(s3, waiting, monkeypatch):
    """Return what a function address answers; the run's record is its name's."""
    monkeypatch.setenv("ARTIFACTS_BUCKET", "runtime-artifacts")
    monkeypatch.setattr(aws, "s3", lambda: s3)
    monkeypatch.setattr(aws, "stepfunctions", lambda: waiting)

    def ask(run, *, expires=None, **event):
        expires = expires or (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        record = approval.record_uri("runtime-artifacts", run)
        if objects.read_version(s3, record) is None:
            approval.request(s3, waiting, record, asked(expires=expires))
        return decide_approval.handler(event, None)

    return ask


def by_link(**form):
    return {
        "requestContext": {"http": {"method": "POST"}},
        "body": base64.b64encode(urlencode(form).encode()).decode(),
        "isBase64Encoded": True,
    }


def as_person(body, method="POST"):
    return {
        "requestContext": {
            "http": {"method": method},
            "authorizer": {"iam": {"userArn": "arn:me"}},
        },
        "body": body if isinstance(body, str) else json.dumps(body),
    }


def test_a_form_decides_and_answers_with_a_page_that_nobody_keeps(over_http, waiting):
    form = {"run": "form", "secret": SECRET, "decision": "reject", "reason": "No."}
    answer = over_http("form", **by_link(**form))
    assert answer["statusCode"] == HTTPStatus.OK
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer["headers"]["Content-Security-Policy"]
    assert waiting.woken == ["rejected"]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"run": "odd", "secret": SECRET, "reason": "?"}, 400),
        ({"run": "odd", "secret": SECRET, "decision": "maybe", "reason": "?"}, 400),
        ({"run": "../runs/odd/manifest", "secret": SECRET, "decision": "approve"}, 404),
        ({"run": "odd", "decision": "approve", "reason": "?"}, 403),
        ({f"field{number}": "x" for number in range(20)}, 400),
        ({"run": "odd", "secret": SECRET, "decision": "approve", "reason": "x" * 30_000}, 413),
    ],
)
def test_a_form_that_makes_no_sense_decides_nothing(over_http, waiting, form, status):
    assert over_http("odd", **by_link(**form))["statusCode"] == status
    assert waiting.woken == []


def test_what_people_write_into_a_request_never_names_them(over_http, waiting):
    body = {"run": "claimed", "secret": "no", "decision": "approve", "reason": "r"}
    claimed = {**by_link(**body), "authorizer": {"iam": {"userArn": "arn:boss"}}}
    assert over_http("claimed", **claimed)["statusCode"] == HTTPStatus.FORBIDDEN
    assert waiting.woken == []


def test_a_signed_request_decides_and_names_the_caller(over_http, waiting):
    body = {"run": "signed", "decision": "approve", "reason": "Yes."}
    answer = over_http("signed", **as_person(body))
    assert msgspec.json.decode(answer["body"]) == {"outcome": "approved", "approver": "arn:me"}
    assert waiting.woken == ["approved"]


@pytest.mark.parametrize(
    ("body", "method", "status"),
    [
        ({"run": "bad", "decision": "approve", "reason": "Yes."}, "GET", 405),
        ({"run": "bad", "decision": "perhaps", "reason": "Yes."}, "POST", 400),
        ({"run": "bad", "decision": "approve", "reason": "y", "approver": "arn:boss"}, "POST", 400),
        ("{", "POST", 400),
        ({"run": "other", "decision": "approve", "reason": "Yes."}, "POST", 404),
    ],
)
def test_a_signed_request_that_makes_no_sense_decides_nothing(
    over_http, waiting, body, method, status
):
    assert over_http("bad", **as_person(body, method))["statusCode"] == status
    assert waiting.woken == []


def event_of(execution_arn, who, *, refused=False):
    started = None if refused else {"executionArn": execution_arn, "startDate": "now"}
    event = {
        "eventName": "StartExecution",
        "userIdentity": {"type": "AssumedRole", "arn": who},
        "responseElements": started,
    }
    return {"EventName": "StartExecution", "CloudTrailEvent": json.dumps(event)}


@pytest.fixture
def history(make_client):
    """Return CloudTrail's client with pages of events, which its service model checks."""

    def make(*pages):
        client = make_client("cloudtrail")
        stubber = Stubber(client)
        for number, events in enumerate(pages, 1):
            more = {"NextToken": str(number)} if number < len(pages) else {}
            stubber.add_response("lookup_events", {"Events": events, **more})
        stubber.activate()
        return client

    return make


STARTED = "2026-11-23T09:00:00+00:00"


def test_cloudtrail_says_who_started_a_run(history):
    found = history(
        [event_of("arn:other", "arn:them"), event_of("arn:r", "arn:refused", refused=True)],
        [event_of("arn:r", "arn:me")],
    )
    assert submitters.submitter_of(found, "arn:r", started=STARTED) == "arn:me"


def test_a_start_that_cloudtrail_has_not_heard_of_has_no_submitter(history):
    assert submitters.submitter_of(history([]), "arn:r", started=STARTED) is None


@pytest.mark.parametrize(
    ("run", "decision", "events", "status"),
    [
        ("own", "approve", [event_of("arn:r", "arn:me")], 403),
        ("unheard", "approve", [], 403),
        ("theirs", "approve", [event_of("arn:r", "arn:them")], 200),
        ("withdrawn", "reject", [event_of("arn:r", "arn:me")], 200),
    ],
)
def test_who_started_a_run_may_withdraw_but_not_approve_it(
    over_http, waiting, history, monkeypatch, run, decision, events, status
):
    monkeypatch.setenv("OTHER_THAN_SUBMITTER", "1")
    found = history(events)
    monkeypatch.setattr(aws, "cloudtrail", lambda: found)
    body = {"run": run, "decision": decision, "reason": "So it is."}
    assert over_http(run, **as_person(body))["statusCode"] == status
    assert bool(waiting.woken) is (status == HTTPStatus.OK)
