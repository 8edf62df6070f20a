"""The only module that makes AWS clients: retries, time-outs and user agent are decided here.

They are botocore's, which boto3 wraps: importing boto3 itself is a fifth of a function's cold start
and adds only transfers to the S3 client, which `streams` asks for when it writes.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

    from bedrock_customization_runtime.aws_protocols import (
        EventHistory,
        SageMakerClient,
        SecretsClient,
    )

# A first call to an idle model may wait for its copy to load: ten attempts outlast that.
_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 10},
    connect_timeout=5,
    read_timeout=120,
    user_agent_extra="cdk-bedrock-customization",
    max_pool_connections=32,
)
_BRIEF = _CONFIG.merge(Config(retries={"total_max_attempts": 2}, read_timeout=10))


@cache
def cloudtrail() -> EventHistory:
    """Return the CloudTrail client of this process."""
    return cast("EventHistory", _session().create_client("cloudtrail", config=_CONFIG))


@cache
def cloudwatch() -> CloudWatchClient:
    """Return the CloudWatch client of this process."""
    return cast("CloudWatchClient", _session().create_client("cloudwatch", config=_CONFIG))


@cache
def kms() -> KMSClient:
    """Return the KMS client of this process."""
    return cast("KMSClient", _session().create_client("kms", config=_CONFIG))


@cache
def s3() -> S3Client:
    """Return the S3 client of this process."""
    return cast("S3Client", _session().create_client("s3", config=_CONFIG))


@cache
def sns() -> SNSClient:
    """Return the SNS client of this process."""
    return cast("SNSClient", _session().create_client("sns", config=_CONFIG))


@cache
def ssm() -> SSMClient:
    """Return the Systems Manager client of this process."""
    return cast("SSMClient", _session().create_client("ssm", config=_CONFIG))


@cache
def stepfunctions() -> SFNClient:
    """Return the Step Functions client of this process."""
    return cast("SFNClient", _session().create_client("stepfunctions", config=_CONFIG))


@cache
def bedrock() -> BedrockClient:
    """Return the client of Bedrock's control plane."""
    return cast("BedrockClient", _session().create_client("bedrock", config=_CONFIG))


@cache
def bedrock_runtime() -> BedrockRuntimeClient:
    """Return the client of Bedrock's data plane."""
    return cast("BedrockRuntimeClient", _session().create_client("bedrock-runtime", config=_CONFIG))


@cache
def lambda_() -> LambdaClient:
    """Return the Lambda client of this process; it waits as long as a function may take."""
    config = _CONFIG.merge(Config(read_timeout=900))
    return cast("LambdaClient", _session().create_client("lambda", config=config))


@cache
def iam() -> IAMClient:
    """Return the IAM client of this process.

    It gives up soon: in a VPC without a way to IAM, a run goes on without what it would have said.
    """
    return cast("IAMClient", _session().create_client("iam", config=_BRIEF))


@cache
def service_quotas() -> ServiceQuotasClient:
    """Return the client of Service Quotas.

    It gives up soon: the catalogue stands in for an answer.
    """
    return cast("ServiceQuotasClient", _session().create_client("service-quotas", config=_BRIEF))


@cache
def sagemaker() -> SageMakerClient:
    """Return the SageMaker client of this process."""
    return cast("SageMakerClient", _session().create_client("sagemaker", config=_CONFIG))


@cache
def secrets_manager() -> SecretsClient:
    """Return the Secrets Manager client of this process."""
    return cast("SecretsClient", _session().create_client("secretsmanager", config=_CONFIG))


@cache
def _session() -> Session:
    return Session()
