"""A real S3 and Systems Manager, served by moto over HTTP."""

import boto3
import pytest
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="session")
def endpoint_url():
    """The address of the server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def client(endpoint_url):
    """Make a client."""

    def make(service):
        return boto3.client(
            service,
            endpoint_url=endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return make


@pytest.fixture(scope="session")
def s3(client):
    """S3 with the bucket `artifacts`."""
    made = client("s3")
    made.create_bucket(Bucket="artifacts")
    return made


@pytest.fixture(scope="session")
def ssm(client):
    """Systems Manager with the parameter `alias`."""
    made = client("ssm")
    made.put_parameter(Name="alias", Value="none", Type="String")
    return made
