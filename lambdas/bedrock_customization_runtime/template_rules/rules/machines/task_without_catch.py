"""A task whose failure nobody cleans up after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.values import items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="task-without-catch",
    title="a task whose error nothing catches",
    why="what the run has made until then stays, and bills, and nobody is told why it ended",
    fix="add a Catch to the task, or to the Map or Parallel around it, that cleans up and tells",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    severity=Severity.WARNING,
)
def task_without_catch(template: Template) -> Iterator[Found]:
    """Find tasks of the usual way; those that only a Catch leads to are the cleaning up.

    Not the one task of a machine that invokes a function: no other has made anything before it.
    """
    for machine in template.machines:
        usual, tasks = machine.usual_states(), list(machine.tasks())
        if len(tasks) == 1 and tasks[0].function:
            continue
        for task in tasks:
            is_caught = task.is_caught_around or items(task.body.get("Catch"))
            if task in usual and not is_caught:
                yield Found(machine.resource, task.path, "no Catch")
