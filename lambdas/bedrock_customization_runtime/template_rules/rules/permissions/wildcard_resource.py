"""Rights on every resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.actions import WITHOUT_RESOURCE
from bedrock_customization_runtime.template_rules.arns import arn_of
from bedrock_customization_runtime.template_rules.policies import is_narrowed
from bedrock_customization_runtime.template_rules.rule import Found, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_WHOLE_TYPES = {"role/*", "function:*", "secret:*", "key/*", "stateMachine:*", "table/*"}
"""What stands for all resources of a type whose names the app itself decides."""
_NARROWING = (
    "aws:resourcetag/",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:requesttag/",
    "aws:viaawsservice",
    "bedrock:inferenceprofilearn",
    "iam:passedtoservice",
    "kms:viaservice",
    "kms:encryptioncontext:",
    "kms:resourcealiases",
    "kms:calleraccount",
    "s3:resourceaccount",
    "ssm:resourcetag/",
    "secretsmanager:resourcetag/",
)
_OWN_RULE = {"ssm:putparameter", "ssm:deleteparameter"}


@rule(
    id="wildcard-resource",
    title="a right on every resource, though the action has resources to name",
    why="it reaches what other teams own in the account",
    fix="name the resource, or the prefix of those that are made at run time",
    anchor="https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
)
def wildcard_resource(template: Template) -> Iterator[Found]:
    """Find allowed actions on `*` that AWS documents resources for, of services known here."""
    for each in template.policies.identity():
        if not each.is_allow or not any(map(_is_everything, each.resources)):
            continue
        named = [action for action in each.actions if _has_resource(action)]
        if named and not is_narrowed(each, *_NARROWING):
            yield Found(each.resource, each.path, named[0])


def _is_everything(text: str) -> bool:
    if text == "*":
        return True
    arn = arn_of(text)
    if arn is None:
        return False
    return arn.resource.strip("*/") == "" or arn.resource in _WHOLE_TYPES


def _has_resource(action: str) -> bool:
    service, _, name = action.partition(":")
    if action == "iam:passrole":
        return True
    known = WITHOUT_RESOURCE.get(service)
    if known is None or action in _OWN_RULE or "*" in service or not name.strip("*"):
        return False
    if "*" in name:
        # Of reads that begin so some have resources and others not: only a person can tell.
        return not name.startswith(("list", "describe"))
    return name not in known
