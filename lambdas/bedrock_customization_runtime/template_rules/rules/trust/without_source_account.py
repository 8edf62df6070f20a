"""A role that a service assumes for any account's resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import is_narrowed
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.trust.deputies import trusts_of_deputies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="trust-without-source-account",
    title="a service may assume the role on behalf of any account",
    why="someone in another account can have the service use it for them (confused deputy)",
    fix="add the condition StringEquals aws:SourceAccount with the account",
    anchor="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
)
def trust_without_source_account(template: Template) -> Iterator[Found]:
    """Find trusts of services that send aws:SourceAccount, which do not ask for it."""
    for service, trust in trusts_of_deputies(template):
        if not is_narrowed(
            trust, "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner"
        ):
            yield Found(trust.resource, trust.path, f"{service} without aws:SourceAccount")
