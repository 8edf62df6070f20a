"""What the runtime's first rooms find in S3 and Systems Manager."""

import pytest


@pytest.fixture(scope="session")
def s3(make_client):
    """S3 with the bucket `runtime-artifacts`."""
    client = make_client("s3")
    client.create_bucket(Bucket="runtime-artifacts")
    return client


@pytest.fixture(scope="session")
def ssm(make_client):
    """Systems Manager with the parameter `alias`."""
    client = make_client("ssm")
    client.put_parameter(Name="alias", Value="none", Type="String")
    return client
