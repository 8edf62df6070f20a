"""A task that may take for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_TIMEOUTS = ("TimeoutSeconds", "TimeoutSecondsPath")


@rule(
    id="task-without-timeout",
    title="a task without a time-out",
    why="an answer that never comes keeps the execution, and what it pays for, for a year",
    fix="set TimeoutSeconds of the task (task_timeout)",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html",
)
def task_without_timeout(template: Template) -> Iterator[Found]:
    """Find tasks that have none."""
    for machine in template.machines:
        for task in machine.tasks():
            if not any(name in task.body for name in _TIMEOUTS):
                yield Found(machine.resource, task.path, "no TimeoutSeconds")
