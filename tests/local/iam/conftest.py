import json
from collections.abc import Iterator
from types import SimpleNamespace

import boto3
import pytest
from botocore.config import Config
from moto.moto_api._internal.models import moto_api_backend

from bedrock_customization_local.cloud import moto_server
from bedrock_customization_local.cloud.http_server import HttpServer
from bedrock_customization_local.cloud.iam import Authorizer

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "bedrock.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "123456789012"},
                "ArnLike": {
                    "aws:SourceArn": (
                        "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/*"
                    )
                },
            },
        }
    ],
}


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    moto = moto_server.start()
    yield moto
    moto.close()
    moto_api_backend.reset()


@pytest.fixture
def aws(server) -> Iterator[SimpleNamespace]:
    moto_api_backend.reset()

    def client(service, key="test", **config):
        return boto3.client(
            service,
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def role(*statements, name="Worker", boundary=None, **more):
        iam = client("iam")
        bounds = {"PermissionsBoundary": boundary} if boundary else {}
        created = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(more.pop("trust", TRUST)),
            **bounds,
            **more,
        )
        if statements:
            document = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(
                RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(document)
            )
        return created["Role"]["Arn"]

    yield SimpleNamespace(
        client=client,
        role=role,
        authorizer=Authorizer(region="us-east-1", account_id="123456789012"),
    )
    moto_api_backend.reset()
