"""What the runtime's first rooms find in S3 and Systems Manager.

Made anew for each file: moto's state is one per process, and other files empty it.
"""

import pytest

from bedrock_customization_runtime.s3 import objects


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


@pytest.fixture
def lose_to(monkeypatch):
    """Let another write between our reading of an object and our writing, once."""

    def lose_to(theirs):
        read = objects.read_version

        def read_then_lose(client, where):
            version = read(client, where)
            monkeypatch.undo()
            theirs()
            return version

        monkeypatch.setattr(objects, "read_version", read_then_lose)

    return lose_to
