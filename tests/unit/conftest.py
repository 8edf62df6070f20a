"""A real S3 and Systems Manager over loopback for all unit tests: bucket names must differ."""

import logging

import boto3
import pytest
from moto import backends
from moto.server import ThreadedMotoServer

from bedrock_customization_runtime import aws


@pytest.fixture(scope="session")
def moto_address():
    """Host and port of moto's server."""
    # moto lists its own folder twice for each request, a fifth of the time it takes to answer.
    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def moto_url(moto_address):
    """Its URL."""
    host, port = moto_address
    return f"http://{host}:{port}"


@pytest.fixture(scope="session")
def make_client(moto_url):
    """Make a client of it."""

    def make(service):
        return boto3.client(
            service,
            endpoint_url=moto_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return make


@pytest.fixture
def handler_environment(moto_url, monkeypatch):
    """Let the handlers make their clients as in Lambda, against moto; returns monkeypatch."""
    for name, value in {
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    clients = (aws.s3, aws.ssm, aws.bedrock, aws.bedrock_runtime)
    for client in clients:
        client.cache_clear()
    yield monkeypatch
    for client in clients:
        client.cache_clear()
