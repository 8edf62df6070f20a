"""Rights for anyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind, is_narrowed
from bedrock_customization_runtime.template_rules.rule import Found, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_NARROWING = (
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceip",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principaltag/",
    "kms:calleraccount",
    "lambda:functionurlauthtype",
    "s3:dataaccesspointaccount",
)


@rule(
    id="any-principal",
    title="a policy that lets anyone in",
    why="a `*` is every account of AWS, and for some services everyone on the internet",
    fix="name the principal, or add a condition as aws:PrincipalOrgID or aws:SourceAccount",
    anchor="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
)
def any_principal(template: Template) -> Iterator[Found]:
    """Find trusts and resource policies that allow `*` without a condition on who that is."""
    for each in template.policies.of_kind(PolicyKind.TRUST, PolicyKind.RESOURCE):
        if each.is_allow and each.is_for_anyone and not is_narrowed(each, *_NARROWING):
            yield Found(each.resource, each.path, "Principal *")
