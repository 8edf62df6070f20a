"""Literals of one Region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.rules.permissions.literals import (
    REGION,
    literals,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="literal-region",
    title="an ARN with a literal Region",
    why="deployed to another Region the stack refers to what is not there",
    fix="use AWS::Region (aws_cdk.Aws.REGION, Stack.format_arn)",
    anchor="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html",
    severity=Severity.WARNING,
)
def literal_region(template: Template) -> Iterator[Found]:
    """Find them where one Region is meant; a member of an inference profile is in another."""
    for resource, path, arn in literals(template):
        is_model = arn.service == "bedrock" and arn.resource.startswith(
            ("foundation-model/", "inference-profile/")
        )
        if REGION.fullmatch(arn.region) and not is_model:
            yield Found(resource, path, arn.region)
