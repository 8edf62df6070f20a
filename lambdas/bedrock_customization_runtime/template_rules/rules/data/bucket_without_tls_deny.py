"""A bucket that answers over plain HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.data.buckets import (
    buckets,
    denies_plain_http,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="bucket-without-tls-deny",
    title="a bucket that answers over plain HTTP",
    why="training data can be read on their way",
    fix="deny s3:* to everyone where aws:SecureTransport is false (enforce_ssl=True)",
    anchor="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
)
def bucket_without_tls_deny(template: Template) -> Iterator[Found]:
    """Find buckets without a policy that denies requests without TLS."""
    for bucket in buckets(template):
        if not denies_plain_http(template, bucket):
            yield Found(bucket, "BucketPolicy", "no Deny on aws:SecureTransport false")
