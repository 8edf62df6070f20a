"""AWS managed policies that open whole services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import items, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_WIDE = ("AdministratorAccess", "PowerUserAccess")


@rule(
    id="full-access-policy",
    title="a managed policy that opens a whole service, or all",
    why="whoever takes over the function or the job owns that service",
    fix="write a policy with the actions that are called and the resources they are called on",
    anchor="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
)
def full_access_policy(template: Template) -> Iterator[Found]:
    """Find AWS's own policies of full access on roles, users and groups."""
    for holder in template.of_type("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"):
        for index, arn in enumerate(items(holder.get("ManagedPolicyArns"))):
            owner, _, name = text(arn).rpartition("/")
            if ":iam::aws:policy" in owner and (name in _WIDE or name.endswith("FullAccess")):
                yield Found(holder, f"Properties.ManagedPolicyArns[{index}]", name)
