"""Buckets, and what several rules ask of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind
from bedrock_customization_runtime.template_rules.values import is_true, items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template

KEEPING = {"Retain", "RetainExceptOnCreate", "Snapshot"}
"""Deletion policies that leave the data."""
PUBLIC_BLOCKS = (
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
)


def buckets(template: Template) -> Iterator[Resource]:
    """Yield the buckets that the template makes."""
    return template.of_type("AWS::S3::Bucket")


def denies_plain_http(template: Template, bucket: Resource) -> bool:
    """Return whether a bucket's policy refuses requests without TLS."""
    return any(
        not each.is_allow
        and each.is_for_anyone
        and any("false" in condition.values for condition in each.condition("aws:securetransport"))
        for each in template.policies.of_holder(bucket, PolicyKind.RESOURCE)
    )


def has_versions(bucket: Resource) -> bool:
    """Return whether a bucket keeps what is overwritten."""
    return text(bucket.get("VersioningConfiguration", "Status")) == "Enabled"


def has_public_block(bucket: Resource) -> bool:
    """Return whether a bucket refuses to become public in all four ways."""
    block = mapping(bucket.get("PublicAccessBlockConfiguration"))
    return all(is_true(block.get(name)) for name in PUBLIC_BLOCKS)


def has_key(bucket: Resource) -> bool:
    """Return whether a bucket encrypts with a key of KMS."""
    rules = bucket.get("BucketEncryption", "ServerSideEncryptionConfiguration")
    return any(
        text(
            mapping(mapping(each).get("ServerSideEncryptionByDefault")).get("SSEAlgorithm")
        ).startswith("aws:kms")
        for each in items(rules)
    )


def is_kept(resource: Resource) -> bool:
    """Return whether a resource outlives its stack, also where it is replaced."""
    deletion = text(resource.body.get("DeletionPolicy"))
    replacement = text(resource.body.get("UpdateReplacePolicy"))
    return deletion in KEEPING and replacement in {
        "Retain",
        "Snapshot",
    }


def is_log_target(template: Template, bucket: Resource) -> bool:
    """Return whether access logs of other buckets go into a bucket."""
    return any(
        template.target(other.get("LoggingConfiguration", "DestinationBucketName")) is bucket
        for other in buckets(template)
    )
