"""The only module that makes boto3 clients: retries, time-outs and user agent are decided here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

# A first call to an idle model may wait for its copy to load: ten attempts outlast that.
_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 10},
    connect_timeout=5,
    read_timeout=120,
    user_agent_extra="cdk-bedrock-customization",
    max_pool_connections=32,
)


class CloudWatchClient(Protocol):
    """What is used of CloudWatch."""

    def put_metric_data(
        self,
        *,
        Namespace: str,  # noqa: N803 - boto3's name
        MetricData: Sequence[Mapping[str, Any]],  # noqa: N803 - boto3's name
    ) -> object:
        """Publish metrics."""


@cache
def cloudwatch() -> CloudWatchClient:
    """Return the CloudWatch client of this process."""
    client: CloudWatchClient = boto3.client("cloudwatch", config=_CONFIG)
    return client


@cache
def s3() -> S3Client:
    """Return the S3 client of this process."""
    return boto3.client("s3", config=_CONFIG)


@cache
def ssm() -> SSMClient:
    """Return the Systems Manager client of this process."""
    return boto3.client("ssm", config=_CONFIG)


@cache
def bedrock() -> BedrockClient:
    """Return the client of Bedrock's control plane."""
    return boto3.client("bedrock", config=_CONFIG)


@cache
def bedrock_runtime() -> BedrockRuntimeClient:
    """Return the client of Bedrock's data plane."""
    return boto3.client("bedrock-runtime", config=_CONFIG)
