"""A bucket that forgets what is overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.rules.data.buckets import (
    buckets,
    has_versions,
    is_log_target,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="bucket-without-versions",
    title="a bucket without versioning",
    why="data that a model was trained on can be overwritten, and its lineage proves nothing",
    fix="set VersioningConfiguration.Status to Enabled, and let old versions expire",
    anchor="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
    severity=Severity.WARNING,
)
def bucket_without_versions(template: Template) -> Iterator[Found]:
    """Find buckets without versioning, but not those that only take access logs."""
    for bucket in buckets(template):
        if not has_versions(bucket) and not is_log_target(template, bucket):
            yield Found(bucket, "Properties.VersioningConfiguration", "not enabled")
