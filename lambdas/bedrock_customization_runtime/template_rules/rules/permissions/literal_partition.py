"""Literals of one account, Region or partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.rules.permissions.literals import literals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="literal-partition",
    title="an ARN with a literal partition",
    why="the stack fails, or refers to nothing, in AWS GovCloud (US), China and isolated Regions",
    fix="use AWS::Partition (aws_cdk.Aws.PARTITION, Stack.format_arn)",
    anchor="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html",
    severity=Severity.WARNING,
)
def literal_partition(template: Template) -> Iterator[Found]:
    """Find them in the properties of stacks that are not bound to one environment."""
    for resource, path, arn in literals(template):
        if arn.partition.startswith("aws"):
            yield Found(resource, path, f"arn:{arn.partition}:{arn.service}")
