"""A task whose code changes while a run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="function-as-latest",
    title="a task invokes a function as $LATEST",
    why="a deployment in the middle of a run of days changes the code of its remaining steps",
    fix="invoke a version or an alias (function.current_version)",
    anchor="https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html",
    severity=Severity.WARNING,
)
def function_as_latest(template: Template) -> Iterator[Found]:
    """Find tasks that name a function of the template itself, or $LATEST of any."""
    for machine in template.machines:
        for task in machine.tasks():
            called = task.function
            target = template.target(called)
            is_function = target is not None and target.type == "AWS::Lambda::Function"
            # More than the reference is a qualifier: ${Function.Arn}:3.
            if called.endswith(":$LATEST") or (is_function and called.endswith("}")):
                yield Found(machine.resource, task.path, called)
