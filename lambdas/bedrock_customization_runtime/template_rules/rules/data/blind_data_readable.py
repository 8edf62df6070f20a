"""A test set that the training job can read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.data.buckets import buckets
from bedrock_customization_runtime.template_rules.rules.data.training_roles import (
    buckets_of,
    training_roles,
)
from bedrock_customization_runtime.template_rules.values import items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template

_BLIND = re.compile(
    r"blind|hold[-_]?out|held[-_]?out|(?:test|golden|eval(?:uation)?)[-_]?(?:set|data)",
    re.IGNORECASE,
)
"""What people call data that a model must not have seen."""


@rule(
    id="blind-data-readable",
    title="nothing denies the training job to read the test set",
    why="a model that may have been trained on its test set is measured by nothing",
    fix="add a Deny on the test set's bucket to the job's role, which no later grant can undo",
    anchor="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
)
def blind_data_readable(template: Template) -> Iterator[Found]:
    """Find buckets that are named blind, hold-out or test set and not denied to training roles."""
    blind = [bucket for bucket in buckets(template) if _is_blind(bucket)]
    for role in training_roles(template):
        denied = buckets_of(template, role, "s3:GetObject", is_allow=False)
        for bucket in blind:
            if bucket.logical_id not in denied and not _denies(template, bucket, role):
                yield Found(role, f"rights on {bucket.logical_id}", "no Deny of s3:GetObject")


def _is_blind(bucket: Resource) -> bool:
    tags = [text(mapping(tag).get("Value")) for tag in items(bucket.get("Tags"))]
    return any(
        _BLIND.search(each) for each in (bucket.logical_id, text(bucket.get("BucketName")), *tags)
    )


def _denies(template: Template, bucket: Resource, role: Resource) -> bool:
    """Return whether a bucket's own policy shuts a role out."""
    return any(
        not each.is_allow
        and each.covers("s3:GetObject")
        and any(
            role.logical_id in value
            for value in (
                *(value for _, value in each.principals),
                *(value for one in each.condition("aws:principalarn") for value in one.values),
            )
        )
        for each in template.policies.of_holder(bucket, PolicyKind.RESOURCE)
    )
