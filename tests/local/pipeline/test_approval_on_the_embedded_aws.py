"""People approve, reject, or let the time pass, and bring an earlier model back."""

import csv
import io
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from aws_cdk import Duration

from bedrock_customization import Approval, BaseModel, FineTuning

pytestmark = pytest.mark.slow
BASE = "amazon.nova-micro-v1:0"


@pytest.fixture(scope="module")
def asking(context, deploy, access_record, questions, backwards, tmp_path_factory):
    """A pipeline that asks people, whose candidates are better than what the base model says."""
    arguments = {
        "Asking": {
            "base_model": BaseModel.NOVA_MICRO,
            "method": FineTuning(hyperparameters={"epochCount": 1}),
            # On the embedded AWS an hour lasts as many seconds as people have here.
            "approval": Approval(timeout=Duration.hours(3)),
        }
    }
    folder = tmp_path_factory.mktemp("assembly")
    with deploy(context, folder, arguments, access_record=access_record) as pipelines:
        pipeline = pipelines["Asking"]
        rows = list(csv.DictReader(io.StringIO(questions)))
        pipeline.cloud.bedrock.teach(
            BASE, [(row["text"], backwards(row["category"])) for row in rows]
        )
        yield pipeline


@pytest.fixture(scope="module")
def inbox(asking):
    """Take the notifications, as people's mail would, and return the next about an approval."""
    sqs, sns = asking.cloud.client("sqs"), asking.cloud.client("sns")
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    (topic,) = [
        one["TopicArn"] for one in sns.list_topics()["Topics"] if "Notifications" in one["TopicArn"]
    ]
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
        with urllib.request.urlopen(url, data=body) as response:
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
