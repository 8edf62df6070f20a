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
from moto.server import ThreadedMotoServer

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.iam import AccessDenied
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
            raise AccessDenied(f"{role_arn} is not authorized to perform {service}:{operation}")


@pytest.fixture(scope="session")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


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


class Checked:
    """A client of Step Functions whose every response is held against botocore's output shape."""

    def __init__(self, client, service):
        self._client = client
        self._service = service

    @property
    def exceptions(self):
        return self._client.exceptions

    def __getattr__(self, name):
        operation = self._client.meta.method_to_api_mapping[name]
        shape = self._client.meta.service_model.operation_model(operation).output_shape

        def call(**parameters):
            raw = self._service.call(operation, parameters) if name.startswith("list") else None
            response = getattr(self._client, name)(**parameters)
            response.pop("ResponseMetadata")
            for answer in filter(None, [raw, response]):
                report = ParamValidator().validate(answer, shape)
                assert not report.has_errors(), report.generate_report()
                unknown = set(answer) - set(shape.members)
                assert not unknown, unknown
            return response

        return call


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
        stack.enter_context(install(service))
        stack.callback(service.close)
        yield SimpleNamespace(
            client=lambda name: make_client(endpoint, name),
            doorman=doorman,
            endpoint=endpoint,
            events=events,
            service=service,
            sfn=Checked(make_client(endpoint, "stepfunctions"), service),
        )


@pytest.fixture(scope="session")
def shapes():
    """Botocore's model of Step Functions."""
    return botocore.session.get_session().get_service_model("stepfunctions")
