"""A bucket in which unfinished uploads stay for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.rules.data.buckets import buckets
from bedrock_customization_runtime.template_rules.values import items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="bucket-without-abort",
    title="a bucket that keeps incomplete multipart uploads",
    why="parts of data sets and weights stay, unseen by any listing, and are billed",
    fix="add a lifecycle rule with AbortIncompleteMultipartUpload",
    anchor="https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html",
    severity=Severity.WARNING,
)
def bucket_without_abort(template: Template) -> Iterator[Found]:
    """Find buckets without an enabled lifecycle rule that aborts uploads."""
    for bucket in buckets(template):
        rules = items(bucket.get("LifecycleConfiguration", "Rules"))
        if not any(
            mapping(each).get("AbortIncompleteMultipartUpload")
            and text(mapping(each).get("Status")) == "Enabled"
            for each in rules
        ):
            yield Found(bucket, "Properties.LifecycleConfiguration", "no rule aborts them")
