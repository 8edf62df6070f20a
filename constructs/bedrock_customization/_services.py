"""Which endpoints are called: read from rights, so that no list of them is kept by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_customization._access import Right

S3 = "s3"
"""The one service that is reached by a gateway endpoint."""
BY_SERVICE: dict[str, str | None] = {
    "bedrock": "bedrock",
    "cloudtrail": "cloudtrail",
    "cloudwatch": "monitoring",
    "ec2": None,  # Lambda and Bedrock make the network interfaces.
    "iam": None,  # Reached where IAM itself runs, in one Region of a partition.
    "kms": None,  # Called by the services that encrypt, on behalf of who reads and writes.
    "emr-serverless": None,  # Called by Step Functions.
    "events": None,  # Likewise.
    "lambda": "lambda",
    "logs": None,  # Lambda writes a function's log, outside of its VPC; so with X-Ray.
    "s3": S3,
    "sagemaker": "sagemaker.api",
    "secretsmanager": "secretsmanager",
    "servicequotas": None,  # Has no endpoint.
    "sns": "sns",
    "sqs": None,  # Lambda delivers dead letters.
    "ssm": "ssm",
    "states": "states",
    "xray": None,
}
"""By the prefix of IAM actions: the endpoint on which they are called, None where none is.

What has none and is called nevertheless, IAM and Service Quotas, are looks at the account before a
job is paid. They give up soon, and the run goes on without them.
"""
BY_ACTION = {
    "bedrock:InvokeModel": "bedrock-runtime",
    "bedrock:InvokeModelWithResponseStream": "bedrock-runtime",
    # What runs on EMR Serverless writes its log itself, unlike a function.
    "logs:DescribeLogGroups": "logs",
    # Manifests are signed by whoever writes them.
    "kms:Sign": "kms",
    "kms:Verify": "kms",
}
"""Likewise, of actions that are called elsewhere than the others of their service."""


def endpoints_of(rights: Iterable[Right]) -> set[str]:
    """Return the services of the endpoints on which rights are used, as PrivateLink names them.

    Raises:
        KeyError: An action is of a service that the table does not know.
    """
    actions = {action for right in rights for action in right.actions}
    found = {BY_ACTION.get(one) or BY_SERVICE[one.partition(":")[0]] for one in actions}
    return {name for name in found if name}


def buckets_of(rights: Iterable[Right]) -> list[str]:
    """Return the ARNs of the buckets that rights are about, each once."""
    return list(
        dict.fromkeys(
            resource.partition("/")[0]
            for right in rights
            if any(action.startswith("s3:") for action in right.actions)
            for resource in right.resources
        )
    )
