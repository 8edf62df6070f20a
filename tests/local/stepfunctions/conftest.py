"""A moto server on loopback with our Step Functions in it."""

from contextlib import ExitStack
from types import SimpleNamespace

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.validate import ParamValidator
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal.models import moto_api_backend

from bedrock_customization_local.cloud import moto_server
from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.iam import AccessDenied, Decision
from bedrock_customization_local.cloud.stepfunctions import StepFunctions, install

REGION = "us-east-1"
ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/machine"


class Doorman:
    """Denies what it is told to, and notes what was asked."""

    def __init__(self):
        self.denied = set()
        self.asked = []

    def authorize(self, *, role_arn, service, operation, parameters):
        self.asked.append((role_arn, service, operation, dict(parameters)))
        if f"{service}:{operation}" in self.denied:
            decision = Decision(allowed=False, reason="because the test says so")
            raise AccessDenied(role_arn, f"{service}:{operation}", "*", decision)


@pytest.fixture(scope="package")
def endpoint():
    server = moto_server.start()
    yield server.url
    server.close()


def make_client(endpoint, service):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(
            inject_host_prefix=False,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
    )


def checked(service):
    """Hold every response of a service against botocore's output shapes."""
    model = botocore.session.get_session().get_service_model("stepfunctions")
    answer = service.call

    def call(operation, parameters):
        response = answer(operation, parameters)
        shape = model.operation_model(operation).output_shape
        report = ParamValidator().validate(response, shape)
        assert not report.has_errors(), report.generate_report()
        return response

    service.call = call
    return service


@pytest.fixture
def aws(endpoint):
    """The server, its clients, our service, and who guards it."""
    moto_api_backend.reset()
    events = []
    doorman = Doorman()
    service = StepFunctions(
        clock=Clock(scale=0),
        endpoint_url_of=lambda: endpoint,
        region=REGION,
        account_id=DEFAULT_ACCOUNT_ID,
        authorizer=doorman,
        on_status_change=events.append,
    )
    with ExitStack() as stack:
        stack.enter_context(install(checked(service)))
        stack.callback(service.close)
        yield SimpleNamespace(
            client=lambda name: make_client(endpoint, name),
            doorman=doorman,
            endpoint=endpoint,
            events=events,
            service=service,
            sfn=make_client(endpoint, "stepfunctions"),
        )
