"""A bucket that can become public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.data.buckets import (
    PUBLIC_BLOCKS,
    buckets,
    has_public_block,
)
from bedrock_customization_runtime.template_rules.values import is_true, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="bucket-without-public-block",
    title="a bucket that does not block all public access",
    why="one policy or access control list later its data are on the internet",
    fix="set all four of PublicAccessBlockConfiguration (BlockPublicAccess.BLOCK_ALL)",
    anchor="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
)
def bucket_without_public_block(template: Template) -> Iterator[Found]:
    """Find buckets of which one of the four blocks is off or not stated."""
    for bucket in buckets(template):
        if not has_public_block(bucket):
            block = mapping(bucket.get("PublicAccessBlockConfiguration"))
            missing = next(name for name in PUBLIC_BLOCKS if not is_true(block.get(name)))
            yield Found(bucket, "Properties.PublicAccessBlockConfiguration", f"no {missing}")
