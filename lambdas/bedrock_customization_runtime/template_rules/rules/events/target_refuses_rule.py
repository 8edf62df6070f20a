"""A function that a rule may not invoke."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.intrinsics import references
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="target-refuses-rule",
    title="a rule's target that EventBridge may not invoke",
    why="the rule matches, and nothing happens",
    fix="add a permission for events.amazonaws.com to the function, or a role to the target",
    anchor="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html",
)
def target_refuses_rule(template: Template) -> Iterator[Found]:
    """Find functions of this template without a permission, and machines without a role."""
    for found in template.of_type("AWS::Events::Rule"):
        for index, each in enumerate(items(found.get("Targets"))):
            target = mapping(each)
            resource = template.target(target.get("Arn"))
            if resource is None or target.get("RoleArn"):
                continue
            path = f"Properties.Targets[{index}]"
            if resource.type == "AWS::StepFunctions::StateMachine":
                yield Found(found, path, "a state machine without RoleArn")
            elif resource.type in _FUNCTIONS and not _may_invoke(template, resource):
                yield Found(found, path, f"no permission of {resource.logical_id}")


_FUNCTIONS = ("AWS::Lambda::Alias", "AWS::Lambda::Function", "AWS::Lambda::Version")


def _may_invoke(template: Template, function: Resource) -> bool:
    return any(
        text(permission.get("Principal")).startswith(("events.", "*"))
        and function.logical_id in references(text(permission.get("FunctionName")))
        for permission in template.of_type("AWS::Lambda::Permission")
    )
