"""A role that a service assumes for whatever it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import is_narrowed
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.trust.deputies import trusts_of_deputies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="trust-without-source-arn",
    title="a service may assume the role for whatever it does",
    why="the role serves purposes that nobody gave it to",
    fix="add the condition ArnLike aws:SourceArn with the type of resource, as "
    "arn:…:model-customization-job/*",
    anchor="https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-iam-role.html",
)
def trust_without_source_arn(template: Template) -> Iterator[Found]:
    """Find trusts of services that send aws:SourceArn, which do not ask for it."""
    for service, trust in trusts_of_deputies(template):
        if not is_narrowed(trust, "aws:sourcearn"):
            yield Found(trust.resource, trust.path, f"{service} without aws:SourceArn")
