"""A real S3 and Systems Manager over loopback for all unit tests: bucket names must differ."""

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.model_instances import reset_model_data
from moto.s3.models import s3_backends

from bedrock_customization_local.cloud import moto_server
from bedrock_customization_runtime import aws, manifest


@pytest.fixture(scope="session")
def moto():
    """moto's server."""
    server = moto_server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def moto_address(moto):
    """Host and port of moto's server."""
    return moto_server.LOOPBACK, moto.port


@pytest.fixture(scope="session")
def moto_url(moto):
    """Its URL."""
    return moto.url


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


@pytest.fixture
def make_buckets(make_client):
    """Make buckets and return their client; afterwards S3 is empty."""
    s3 = make_client("s3")

    def make(*names):
        for name in names:
            s3.create_bucket(Bucket=name)
        return s3

    yield make
    s3.close()
    # Not by requests: they take longer than most tests, and moto keeps what they delete.
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].reset()
    reset_model_data()


@pytest.fixture(scope="session")
def run_of():
    """Return what states call `$run`: by its name, and the buckets of a test."""
    return run_in


def run_in(name, *, data, blind, artifacts, source="incoming/rows"):
    """Return a run.

    Args:
        name: Of the run.
        data: Bucket; so the next two.
        blind: Likewise.
        artifacts: Likewise.
        source: Key in the data bucket.
    """
    return {
        "id": name,
        "key": name,
        "execution_arn": f"arn:aws:states:us-east-1:123456789012:execution:p:{name}",
        "source": f"s3://{data}/{source}",
        "data": f"s3://{data}/runs/{name}",
        "blind": f"s3://{blind}/runs/{name}",
        "artifacts": f"s3://{artifacts}/runs/{name}",
        "manifest": f"s3://{artifacts}/runs/{name}/manifest.json",
        "names": {"deployment": "d"},
        "tokens": {"deployment": "d"},
        "hyperparameters": {},
    }


@pytest.fixture(scope="session")
def begin_manifest():
    """Write the first version of a run's manifest."""
    return begin


def begin(s3, run):
    """Begin the manifest of a run that customizes Nova Micro."""
    section = manifest.RunSection(
        id=run["id"],
        execution_arn=run["execution_arn"],
        source=run["source"],
        base_model="amazon.nova-micro-v1:0:128k",
        inference_model="amazon.nova-micro-v1:0",
        catalog_version="1",
        library_version="1",
        started="2026-11-22T00:00:00Z",
        embedded=True,
    )
    return manifest.begin(s3, run["manifest"], section)


@pytest.fixture(scope="session")
def preparation_section():
    """Return what preparation writes into a manifest: of one file for all sides, or as told."""

    def section(file, **told):
        common = {
            "source": file,
            "train": file,
            "validation": None,
            "test": file,
            "rejected": None,
            "read": 10,
            "duplicates": 0,
            "estimated_tokens": 1,
            "record_format": "converse",
        }
        return manifest.PreparationSection(**common | told)

    return section
