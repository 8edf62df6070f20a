"""Literals of one account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.rules.permissions.literals import literals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_DIGITS = 12
_OF_OTHERS = re.compile(r"\.Principal\b|:Principal|aws:Source")


@rule(
    id="literal-account",
    title="an ARN with a literal account",
    why="deployed to another account the stack refers to what is not there, or is another's",
    fix="use AWS::AccountId (aws_cdk.Aws.ACCOUNT_ID, Stack.format_arn)",
    anchor="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html",
    severity=Severity.WARNING,
)
def literal_account(template: Template) -> Iterator[Found]:
    """Find them where the own account is meant; principals and layers are of others."""
    for resource, path, arn in literals(template):
        if _OF_OTHERS.search(path):
            continue
        is_own = arn.service != "iam" and ":layer:" not in f":{arn.resource}"
        if is_own and len(arn.account) == _DIGITS and arn.account.isdecimal():
            yield Found(resource, path, arn.account)
