"""A right to pass a role to whatever service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import is_narrowed
from bedrock_customization_runtime.template_rules.rule import Found, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="pass-role-without-service",
    title="iam:PassRole without iam:PassedToService",
    why="who holds it can hand the role to any service, and act through that with its rights",
    fix="add the condition StringEquals iam:PassedToService: bedrock.amazonaws.com",
    anchor="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
)
def pass_role_without_service(template: Template) -> Iterator[Found]:
    """Find statements that allow to pass a role and do not say to which service."""
    for each in template.policies.identity():
        names_it = any("passrole" in action or "pass*" in action for action in each.actions)
        if each.is_allow and names_it and not is_narrowed(each, "iam:passedtoservice"):
            yield Found(each.resource, each.path, "to any service")
