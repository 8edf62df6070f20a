"""A task that tries again what can never succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.values import items, mapping, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="retry-of-everything",
    title="a task that retries every error",
    why="a request that is wrong is sent again and again, and what was made is made once more",
    fix="name the errors that pass by themselves, as Bedrock.ThrottlingException",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    severity=Severity.WARNING,
)
def retry_of_everything(template: Template) -> Iterator[Found]:
    """Find tasks whose retriers name States.ALL and nothing else."""
    for machine in template.machines:
        for task in machine.tasks():
            retries = [mapping(each) for each in items(task.body.get("Retry"))]
            named = {
                error
                for each in retries
                if each.get("MaxAttempts") != 0
                for error in texts(each.get("ErrorEquals"))
            }
            if named == {"States.ALL"}:
                yield Found(machine.resource, task.path, "States.ALL")
