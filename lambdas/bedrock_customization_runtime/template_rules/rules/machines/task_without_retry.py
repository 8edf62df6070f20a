"""A task that one hiccup ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import items, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="task-without-retry",
    title="a task that is never tried again",
    why="one throttled call ends a run of days",
    fix="add a Retry that names the errors that pass by themselves, with backoff and jitter",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
)
def task_without_retry(template: Template) -> Iterator[Found]:
    """Find tasks without a retrier."""
    for machine in template.machines:
        for task in machine.tasks():
            retries = [mapping(each) for each in items(task.body.get("Retry"))]
            if not any(
                each.get("ErrorEquals") and each.get("MaxAttempts") != 0 for each in retries
            ):
                yield Found(machine.resource, task.path, "no Retry")
