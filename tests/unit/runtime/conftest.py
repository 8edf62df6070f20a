"""What the runtime's first rooms find in S3 and Systems Manager.

Made anew for each file: moto's state is one per process, and other files empty it.
"""

import pytest


@pytest.fixture(scope="module")
def s3(make_client):
    """S3 with the bucket `runtime-artifacts`."""
    client = make_client("s3")
    client.create_bucket(Bucket="runtime-artifacts")
    return client


@pytest.fixture(scope="module")
def ssm(make_client):
    """Systems Manager with the parameter `alias`."""
    client = make_client("ssm")
    client.put_parameter(Name="alias", Value="none", Type="String", Overwrite=True)
    return client
