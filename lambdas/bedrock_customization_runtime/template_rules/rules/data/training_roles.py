"""Roles of customization jobs, and the buckets they read and write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.intrinsics import references
from bedrock_customization_runtime.template_rules.policies import PolicyKind
from bedrock_customization_runtime.template_rules.rules.trust.deputies import (
    kind_of,
    source_arns,
    trusts_of_bedrock,
)

if TYPE_CHECKING:
    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template


def training_roles(template: Template) -> list[Resource]:
    """Return the roles that Bedrock assumes for customization jobs."""
    found = {
        trust.resource.logical_id: trust.resource
        for trust in trusts_of_bedrock(template)
        if any(kind_of(arn) == "model-customization-job" for arn in source_arns(trust))
    }
    return list(found.values())


def buckets_of(
    template: Template, role: Resource, action: str, *, is_allow: bool = True
) -> dict[str, Resource]:
    """Return the template's buckets on which a role is allowed, or denied, an action."""
    return {
        name: template.resources[name]
        for each in template.policies.of_holder(role, PolicyKind.IDENTITY)
        if each.is_allow is is_allow and each.covers(action)
        for arn in each.resources
        for name in references(arn)
        if name in template.resources and template.resources[name].type == "AWS::S3::Bucket"
    }
