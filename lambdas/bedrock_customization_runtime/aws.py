"""The only module that makes boto3 clients: retries, time-outs and user agent are decided here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

# A first call to an idle model may wait for its copy to load: ten attempts outlast that.
_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 10},
    connect_timeout=5,
    read_timeout=120,
    user_agent_extra="cdk-bedrock-customization",
    max_pool_connections=32,
)


@cache
def s3() -> S3Client:
    """Return the S3 client of this process."""
    return boto3.client("s3", config=_CONFIG)


@cache
def ssm() -> SSMClient:
    """Return the Systems Manager client of this process."""
    return boto3.client("ssm", config=_CONFIG)


@cache
def stepfunctions() -> SFNClient:
    """Return the Step Functions client of this process."""
    return boto3.client("stepfunctions", config=_CONFIG)


@cache
def bedrock() -> BedrockClient:
    """Return the client of Bedrock's control plane."""
    return boto3.client("bedrock", config=_CONFIG)


@cache
def bedrock_runtime() -> BedrockRuntimeClient:
    """Return the client of Bedrock's data plane."""
    return boto3.client("bedrock-runtime", config=_CONFIG)
