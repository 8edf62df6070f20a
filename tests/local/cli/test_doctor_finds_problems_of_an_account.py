"""Problems planted in an account, and on the way to it, each of which `doctor` names."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import boto3
import pytest
from typer.testing import CliRunner

from bedrock_customization_local.cli import app
from bedrock_customization_local.cli.health import account, deployed_pipeline
from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind

NOVA, LLAMA = "amazon.nova-micro-v1:0:128k", "meta.llama3-3-70b-instruct-v1:0:128k"
ASKED = "amazon.nova-micro-v1:0"
IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>A</UserId><Account>123456789012</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
REFUSAL = """<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>
<Message>The security token included in the request is expired</Message></Error></ErrorResponse>"""


@contextmanager
def sts(body, *, status=200, ahead=timedelta()):
    """Answer as STS does, by a clock that is ahead; yields the address."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response_only(status)
            self.send_header("Date", format_datetime(datetime.now(UTC) + ahead, usegmt=True))
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def session(monkeypatch, tmp_path):
    """Make a session whose AWS is at an address; nothing of the user's configuration is read."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def make(address, *, region="us-east-1", key="test"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        return boto3.Session(aws_access_key_id=key, aws_secret_access_key=key, region_name=region)

    return make


def levels(findings):
    return [(one.check, one.level.value) for one in findings]


def test_no_region_is_named_before_anything_is_asked(session):
    [finding] = account.credentials(session("http://127.0.0.1:1", region=None))
    assert (finding.check, finding.level) == ("region", "error")
    assert "--region" in finding.advice


def test_no_credentials(session):
    [finding] = account.credentials(session("http://127.0.0.1:1", key=None))
    assert (finding.check, finding.level) == ("credentials", "error")
    assert "no AWS credentials" in finding.message
    assert "demo" in finding.advice


def test_nothing_answers_where_aws_should(session):
    [finding] = account.credentials(session("http://127.0.0.1:1"))
    assert (finding.check, finding.level) == ("credentials", "error")
    assert "http://127.0.0.1:1" in finding.message
    assert "AWS_ENDPOINT_URL" in finding.advice


def test_credentials_that_have_expired(session):
    with sts(REFUSAL, status=403) as address:
        found = list(account.credentials(session(address)))
    assert levels(found) == [("clock", "ok"), ("credentials", "error")]
    assert "(ExpiredToken)" in found[1].message
    assert "renew" in found[1].advice


@pytest.mark.parametrize(
    ("minutes", "level"), [(10, "error"), (-10, "error"), (2, "warning"), (0, "ok")]
)
def test_a_clock_that_is_wrong(session, minutes, level):
    identity = IDENTITY.format(arn="arn:aws:iam::123456789012:role/r")
    with sts(identity, ahead=timedelta(minutes=minutes)) as address:
        clock, caller = account.credentials(session(address))
    assert levels([clock, caller]) == [("clock", level), ("credentials", "ok")]
    if minutes:
        assert ("behind" if minutes > 0 else "ahead of") in clock.message


def test_the_root_user(session):
    with sts(IDENTITY.format(arn="arn:aws:iam::123456789012:root")) as address:
        *_, caller = account.credentials(session(address))
    assert (caller.check, caller.level) == ("credentials", "warning")
    assert "use a role" in caller.advice


@pytest.fixture(scope="module")
def cloud(start_cloud):
    """An account in which nothing is deployed."""
    with start_cloud() as cloud:
        yield cloud


@pytest.fixture
def here(cloud):
    """A session in it."""
    return boto3.Session(region_name=cloud.region)


@pytest.fixture
def doctor(cloud, tmp_path, monkeypatch):
    """Run the command there; returns exit code and findings by check."""

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        for name, value in cloud.environment().items():
            monkeypatch.setenv(name, value)
        done = CliRunner().invoke(app, ["doctor", "--format", "json", *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        document = json.loads(done.stdout)
        assert document["stops_a_run"] == (done.exit_code == 1)
        return done.exit_code, {one["check"]: one for one in document["findings"]}

    return run


def test_an_account_that_is_not_bootstrapped_or_too_long_ago(doctor, cloud):
    code, found = doctor()
    assert code == 1
    assert found["bootstrap"]["level"] == "error"
    assert "cdk bootstrap" in found["bootstrap"]["advice"]
    name = "/cdk-bootstrap/hnb659fds/version"
    put = cloud.client("ssm").put_parameter
    put(Name=name, Value="5", Type="String")
    assert "version 5, and the CDK needs 6" in doctor()[1]["bootstrap"]["message"]
    put(Name=name, Value="28", Type="String", Overwrite=True)
    found = doctor("--base-model", NOVA)[1]
    assert found["bootstrap"]["level"] == "ok"
    assert found["base-model"]["level"] == found["model-access"]["level"] == "ok"
    assert found["custom-models"]["level"] == found["deployments"]["level"] == "ok"


def test_a_base_model_that_does_not_exist_is_retired_or_customized_elsewhere(here):
    [unknown] = account.base_model(here, "amazon.nova-micro")
    assert (unknown.check, unknown.level) == ("base-model", "error")
    [retired] = account.base_model(here, "amazon.titan-text-lite-v1:0:4k")
    assert "is retired" in retired.message
    assert NOVA in retired.advice
    [elsewhere] = account.base_model(here, LLAMA)
    assert "us-west-2, not in us-east-1" in elsewhere.message
    assert elsewhere.advice == "deploy there: --region us-west-2"


def test_a_model_to_which_the_account_has_no_access(here, cloud):
    cloud.bedrock.foundation_models.withhold("amazon.nova-lite-v1:0")
    offered, access = account.base_model(here, "amazon.nova-lite-v1:0:300k")
    assert levels([offered, access]) == [("base-model", "ok"), ("model-access", "error")]
    assert "no authorization and no agreement for amazon.nova-lite-v1:0" in access.message


def test_an_account_without_model_units(here):
    *_, units = account.room(here, model_units=2, imports=False)
    assert (units.check, units.level) == ("model-units", "error")
    assert "can take days" in units.advice


def test_room_for_imports_is_looked_at_where_models_are_imported(here):
    *_, models = account.room(here, model_units=0, imports=True)
    assert (models.check, models.level) == ("imported-models", "ok")


def test_somebody_logs_what_models_are_asked(here, cloud):
    bedrock = cloud.client("bedrock")
    assert account.invocation_logging(here).level == "ok"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "bedrock.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::their-logs/*",
    }
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="their-logs")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket="their-logs", Policy=policy)
    bedrock.put_model_invocation_logging_configuration(
        loggingConfig={"s3Config": {"bucketName": "their-logs"}, "textDataDeliveryEnabled": True}
    )
    finding = account.invocation_logging(here)
    bedrock.delete_model_invocation_logging_configuration()
    assert finding.level == "warning"
    assert "the bucket their-logs, the blind test's questions too" in finding.message


def test_what_may_not_be_looked_at_is_said_and_stops_no_other_check(doctor, cloud):
    throttled = "ListModelCustomizationJobs"
    cloud.bedrock.faults.inject(
        Fault(name="busy", kind=FaultKind.THROTTLE, operation=throttled, times=50)
    )
    _, found = doctor()
    assert found["quotas"]["level"] == "warning"
    assert "ThrottlingException" in found["quotas"]["message"]
    assert found["invocation-logging"]["level"] == "ok"


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("UPDATE_COMPLETE", "ok"),
        ("UPDATE_ROLLBACK_COMPLETE", "ok"),
        ("UPDATE_IN_PROGRESS", "warning"),
        ("REVIEW_IN_PROGRESS", "error"),
        ("ROLLBACK_COMPLETE", "error"),
        ("UPDATE_ROLLBACK_FAILED", "error"),
    ],
)
def test_a_stack_that_is_half_made(status, level):
    stack = {"StackName": "S", "StackStatus": status, "StackStatusReason": "no rights"}
    finding = deployed_pipeline.stack(stack)
    assert finding.level == level
    assert status in finding.message
    assert ("no rights" in finding.message) == (level == "error")


class Bedrock:
    """As far as room is looked at: so many of each."""

    def __init__(self, **counts):
        self.counts = counts

    def get_paginator(self, operation):
        found = [None] * self.counts.get(operation, 0)
        members = ("modelSummaries", "modelCustomizationJobSummaries", "modelDeploymentSummaries")
        page = dict.fromkeys(members, found)
        return SimpleNamespace(paginate=lambda **_: [page])


def room(**counts):
    def client(name):
        if name == "bedrock":
            return Bedrock(**counts)
        value = {"Quota": {"Value": 100}}
        return SimpleNamespace(get_service_quota=lambda **_: value)

    session = SimpleNamespace(client=client)
    return dict(levels(account.room(session, model_units=0, imports=True)))


def test_an_account_that_is_full_of_jobs_deployments_or_models():
    nothing = {"custom-models": "ok", "jobs": "ok", "deployments": "ok", "imported-models": "ok"}
    assert room() == nothing
    assert room(list_model_customization_jobs=10) == {**nothing, "jobs": "warning"}
    assert room(list_custom_model_deployments=10) == {**nothing, "deployments": "error"}
    assert room(list_custom_models=100) == {**nothing, "custom-models": "error"}
    assert room(list_imported_models=100) == {**nothing, "imported-models": "error"}
