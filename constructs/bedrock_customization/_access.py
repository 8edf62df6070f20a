"""Rights: ARNs of Bedrock's resources, and what may be done with objects in a bucket.

Rights on objects name exact actions below a prefix, and the bucket's key where there is one. The
grants of `s3.Bucket` allow `s3:GetObject*`, `s3:List*` and more on a whole bucket; with ours
nothing is left to acknowledge but the prefix itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack, aws_iam as iam

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3
    from constructs import Construct


def bedrock_arn(scope: Construct, kind: str) -> str:
    """Return the ARN pattern of all of this account's Bedrock resources of a kind."""
    return Stack.of(scope).format_arn(
        service="bedrock",
        resource=kind,
        resource_name="*",
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )


def read_objects(grantee: iam.IGrantable, bucket: s3.IBucket, prefix: str) -> iam.Grant:
    """Allow reading the objects below a prefix and finding out that one is missing.

    Args:
        grantee: Who may.
        bucket: Where.
        prefix: Key pattern with a trailing `*`.
    """
    grant = _objects(grantee, bucket, prefix, "s3:GetObject").combine(
        # On the whole bucket: without it S3 answers 403 for a missing object, which reads like a
        # missing right, and no source says with which prefix Bedrock's jobs list.
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["s3:ListBucket"], resource_arns=[bucket.bucket_arn]
        )
    )
    if bucket.encryption_key:
        grant = grant.combine(bucket.encryption_key.grant(grantee, "kms:Decrypt"))
    return grant


def write_objects(grantee: iam.IGrantable, bucket: s3.IBucket, prefix: str) -> iam.Grant:
    """Allow writing objects below a prefix, in one or in several parts.

    Args:
        grantee: Who may.
        bucket: Where.
        prefix: Key pattern with a trailing `*`.
    """
    grant = _objects(grantee, bucket, prefix, "s3:PutObject", "s3:AbortMultipartUpload")
    if bucket.encryption_key:
        # Decrypt: S3 reads back the parts of a multipart upload.
        grant = grant.combine(
            bucket.encryption_key.grant(grantee, "kms:GenerateDataKey", "kms:Decrypt")
        )
    return grant


def _objects(grantee: iam.IGrantable, bucket: s3.IBucket, prefix: str, *actions: str) -> iam.Grant:
    return iam.Grant.add_to_principal(
        grantee=grantee, actions=list(actions), resource_arns=[bucket.arn_for_objects(prefix)]
    )
