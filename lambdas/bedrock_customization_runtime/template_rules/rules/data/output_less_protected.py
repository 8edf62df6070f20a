"""What a job writes, kept less well than what it read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.rules.data.buckets import (
    denies_plain_http,
    has_key,
    has_public_block,
    has_versions,
    is_kept,
)
from bedrock_customization_runtime.template_rules.rules.data.training_roles import (
    buckets_of,
    training_roles,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="output-less-protected",
    title="the bucket of a job's output is protected less than that of its training data",
    why="Bedrock writes a copy of prompts beside the metrics: the output is training data too",
    fix="give the output bucket the same encryption, blocks, versions and removal policy",
    anchor="https://docs.aws.amazon.com/bedrock/latest/userguide/encryption-custom-job.html",
    severity=Severity.WARNING,
)
def output_less_protected(template: Template) -> Iterator[Found]:
    """Compare the buckets that a training role writes with those it reads."""
    for role in training_roles(template):
        written = buckets_of(template, role, "s3:PutObject")
        read = buckets_of(template, role, "s3:GetObject")
        expected = {
            protection
            for name, bucket in read.items()
            if name not in written
            for protection in _protections(template, bucket)
        }
        for bucket in written.values():
            missing = sorted(expected - _protections(template, bucket))
            if missing:
                yield Found(bucket, "Properties", f"without {', '.join(missing)}")


def _protections(template: Template, bucket: Resource) -> set[str]:
    return {
        name
        for name, is_there in (
            ("a KMS key", has_key(bucket)),
            ("a public access block", has_public_block(bucket)),
            ("versions", has_versions(bucket)),
            ("a Deny of plain HTTP", denies_plain_http(template, bucket)),
            ("Retain", is_kept(bucket)),
        )
        if is_there
    }
