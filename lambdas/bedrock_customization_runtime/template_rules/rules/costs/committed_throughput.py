"""Provisioned throughput that cannot be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.values import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="committed-throughput",
    title="a machine commits to provisioned throughput for months",
    why="it cannot be deleted before its term, and renews itself: a failed run bills until then",
    fix="leave CommitmentDuration out, and commit by hand once a model has proved itself",
    anchor="https://docs.aws.amazon.com/bedrock/latest/userguide/prov-throughput.html",
    severity=Severity.WARNING,
)
def committed_throughput(template: Template) -> Iterator[Found]:
    """Find tasks with a literal commitment."""
    for machine in template.machines:
        for task in machine.tasks():
            term = text(task.argument("CommitmentDuration"))
            if task.action == "createprovisionedmodelthroughput" and term:
                yield Found(machine.resource, task.path, term)
