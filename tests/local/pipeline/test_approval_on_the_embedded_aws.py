"""People approve, reject, or let the time pass, and bring an earlier model back."""

import csv
import io
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from bedrock_customization import Approval, BaseModel, FineTuning
from bedrock_customization_local.cli import app

pytestmark = pytest.mark.slow
BASE = "amazon.nova-micro-v1:0"


@pytest.fixture(scope="module")
def asking(deploy, questions, backwards):
    """A pipeline that asks people, whose candidates are better than what the base model says."""
    arguments = {
        "Asking": {
            "base_model": BaseModel.NOVA_MICRO,
            "method": FineTuning(hyperparameters={"epochCount": 1}),
            "approval": Approval(),
            "sign_manifests": True,
        },
    }
    with deploy(arguments) as pipelines:
        pipeline = pipelines["Asking"]
        rows = list(csv.DictReader(io.StringIO(questions)))
        taught = [(row["text"], backwards(row["category"])) for row in rows]
        pipeline.cloud.bedrock.teach(BASE, taught)
        yield pipeline


def command(*arguments):
    """Run a command as a person with the credentials of the embedded AWS."""
    return CliRunner().invoke(app, arguments)


@pytest.fixture(scope="module")
def inbox(asking):
    """Take the notifications, as people's mail would, and return the next about an approval."""
    sqs, sns = asking.cloud.client("sqs"), asking.cloud.client("sns")
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    topics = [one["TopicArn"] for one in sns.list_topics()["Topics"]]
    (topic,) = [arn for arn in topics if "AskingNotifications" in arn]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn["Attributes"]["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )

    def wanted():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1)
            for message in found.get("Messages", []):
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                if message["Body"].startswith("A candidate passed the gate."):
                    return message["Body"]
            time.sleep(0.05)
        raise AssertionError("nobody was asked")

    return wanted


def link_in(message):
    return re.search(r"http://\S+", message)[0]


def ask(url, data=None):
    """Return status and body of a request."""
    body = urllib.parse.urlencode(data).encode() if data is not None else None
    try:
        with urllib.request.urlopen(url, data=body) as response:  # noqa: S310 - loopback
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def form_of(link):
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query))
    return {**query, "decision": "approve", "reason": "It answers as our people do."}


def address_of(link):
    return link.partition("?")[0]


@pytest.fixture(scope="module")
def approved(asking, inbox, questions):
    """A run that somebody with the link approved, and the link."""
    arn = asking.start("approved", questions)
    message = inbox()
    link = link_in(message)
    for _ in range(2):  # mail programs open links too
        status, page = ask(link)
        assert status == 200
        assert "What the gate" not in page
        assert '<form method="post">' in page
    assert asking.states.describe_execution(executionArn=arn)["status"] == "RUNNING"
    assert asking.alias() is None
    forged = {**form_of(link), "secret": "x" * 43}
    assert ask(address_of(link), forged)[0] == 403
    assert ask(address_of(link), {**form_of(link), "reason": " "})[0] == 400
    assert ask(address_of(link), form_of(link))[0] == 200
    execution = asking.wait(arn)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return asking.manifest("approved"), link


def test_what_people_approve_goes_live_with_their_reason(asking, approved):
    found, _ = approved
    assert (found.status, found.outcome) == ("promoted", "Promoted")
    assert found.approval.outcome == "approved"
    assert found.approval.reason == "It answers as our people do."
    assert found.approval.approver is None
    assert asking.alias() == found.deployment.arn


def test_the_lineage_of_a_signed_run_holds_until_a_byte_of_it_changes(asking, approved):
    found, _ = approved
    answer = command("verify", "approved", "--format", "json")
    said = json.loads(answer.output)
    assert answer.exit_code == 0, said
    assert said["signatures_checked"]
    assert said["end_named_by_execution"]
    assert said["approval"]["evidence"] == found.approval.evidence
    assert said["versions"] == found.link.version
    assert all(file["version_id"] for file in said["files"] if file["holds"])
    bucket, key = asking.outputs["Artifacts"], "runs/approved/lineage/000002.json"
    kept = asking.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    asking.s3.put_object(Bucket=bucket, Key=key, Body=kept.replace(b"running", b"walking", 1))
    try:
        answer = command("verify", "approved")
    finally:
        asking.s3.put_object(Bucket=bucket, Key=key, Body=kept)
    assert answer.exit_code == 1
    assert "version 3: the version before is another one" in answer.output


def test_a_link_that_was_used_decides_nothing_any_more(asking, approved):
    found, link = approved
    status, page = ask(address_of(link), {**form_of(link), "decision": "reject"})
    assert status == 409
    assert "was approved" in page
    assert ask(link)[0] == 409
    assert asking.alias() == found.deployment.arn


def test_the_secret_of_the_link_stands_nowhere_in_the_account(asking, approved):
    _, link = approved
    secret = form_of(link)["secret"]
    arn = f"{asking.outputs['StateMachine'].replace(':stateMachine:', ':execution:')}:approved"
    pages = asking.states.get_paginator("get_execution_history").paginate(executionArn=arn)
    assert not any(secret in json.dumps(page, default=str) for page in pages)
    record = asking.s3.get_object(Bucket=asking.outputs["Artifacts"], Key="approvals/approved.json")
    assert secret not in record["Body"].read().decode()


@pytest.fixture(scope="module")
def rejected(asking, approved, inbox, questions):
    """A run that a person with credentials rejected, after another had gone live."""
    assert approved
    arn = asking.start("rejected", questions)
    inbox()
    done = command("reject", "rejected", "--reason", "Not <b>this</b> one.")
    assert done.exit_code == 0, done.output
    execution = asking.wait(arn)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return asking.manifest("rejected")


def test_what_people_reject_is_taken_away_and_the_record_names_them(asking, approved, rejected):
    assert (rejected.status, rejected.outcome) == ("rejected", "ApprovalRejected")
    assert rejected.approval.outcome == "rejected"
    assert rejected.approval.approver == "arn:aws:iam::123456789012:user/test"
    assert rejected.deployment.removed
    assert asking.alias() == approved[0].deployment.arn
    assert asking.deployments() == {approved[0].deployment.arn}
    page = asking.s3.get_object(Bucket=asking.outputs["Artifacts"], Key="runs/rejected/report.html")
    assert b"Not &lt;b&gt;this&lt;/b&gt; one." in page["Body"].read()


def test_a_run_that_was_decided_is_not_decided_again(rejected):
    again = command("approve", rejected.run.execution_arn, "--reason", "After all.")
    assert again.exit_code == 1
    assert "was rejected" in again.output


@pytest.mark.usefixtures("asking")
def test_a_run_that_asks_for_nothing_is_not_decided():
    done = command("approve", "nobody", "--reason", "It is there.")
    assert done.exit_code == 1
    assert "no run of that name asks" in done.output


def test_the_second_decision_by_the_same_blind_set_says_so(rejected, approved):
    assert approved[0].decision.earlier_decisions == 0
    assert rejected.decision.earlier_decisions == 1


@contextmanager
def patience_of(pipeline, seconds):
    """Let people have so many real seconds: the embedded AWS scales no time-outs."""
    machine = {"stateMachineArn": pipeline.outputs["StateMachine"]}
    before = pipeline.states.describe_state_machine(**machine)["definition"]
    definition = json.loads(before)
    definition["States"]["Request approval"]["TimeoutSeconds"] = seconds
    pipeline.states.update_state_machine(**machine, definition=json.dumps(definition))
    yield
    pipeline.states.update_state_machine(**machine, definition=before)


@pytest.fixture(scope="module")
def expired(asking, rejected, inbox, questions):
    """A run that nobody decided, after others had ended; and its link."""
    assert rejected
    with patience_of(asking, 3):
        arn = asking.start("expired", questions)
        link = link_in(inbox())
        execution = asking.wait(arn)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return asking.manifest("expired"), link


def test_what_nobody_decides_in_time_is_taken_away(asking, approved, expired):
    found, _ = expired
    assert (found.status, found.outcome) == ("rejected", "ApprovalExpired")
    assert found.approval.outcome == "expired"
    assert found.deployment.removed
    assert asking.alias() == approved[0].deployment.arn
    assert asking.deployments() == {approved[0].deployment.arn}
    page = asking.s3.get_object(Bucket=asking.outputs["Artifacts"], Key="runs/expired/report.html")
    assert b"Nobody decided" in page["Body"].read()


def test_a_decision_that_comes_too_late_has_no_effect(asking, approved, expired):
    late = command("approve", "expired", "--reason", "Sorry.")
    assert late.exit_code == 1
    assert "time to decide" in late.output
    _, link = expired
    assert ask(address_of(link), form_of(link))[0] == 410
    assert asking.alias() == approved[0].deployment.arn


@pytest.fixture(scope="module")
def second(asking, expired, inbox, questions):
    """A second run that goes live."""
    assert expired
    arn = asking.start("second", questions)
    inbox()
    assert command("approve", arn, "--reason", "Better.").exit_code == 0
    assert asking.wait(arn)["status"] == "SUCCEEDED"
    return asking.manifest("second")


def test_a_rollback_brings_the_model_back_that_was_live(asking, approved, second):
    assert asking.alias() == second.deployment.arn
    assert second.deployment.previous == approved[0].deployment.arn
    done = command("rollback")
    assert done.exit_code == 0, done.output
    assert asking.alias() == approved[0].deployment.arn
    assert asking.manifest("second").deployment.rolled_back
    assert command("rollback", "--to", "second").exit_code == 0
    assert asking.alias() == second.deployment.arn
    assert asking.manifest("second").deployment.rolled_back is None
    listed = command("rollback", "--list").output
    assert [listed.count(word) for word in ("promote", "rollback")] == [2, 2]


def test_a_rollback_to_what_is_gone_changes_nothing(asking, approved, second):
    asking.cloud.client("bedrock").delete_custom_model_deployment(
        customModelDeploymentIdentifier=approved[0].deployment.arn
    )
    done = command("rollback")
    assert done.exit_code == 1
    assert "does not answer" in done.output
    assert asking.alias() == second.deployment.arn


def test_the_roles_have_the_rights_that_approvals_needed(asking, closure_of):
    """The last test of the module, for it looks back at all runs."""
    closure = closure_of(asking.cloud, alike=["Asking"])
    assert {one for one in closure.surplus() if one.role.startswith("Approval")} == set()
    assert closure.denied() == set()
