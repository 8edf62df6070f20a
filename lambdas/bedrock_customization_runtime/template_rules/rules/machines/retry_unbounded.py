"""A retry that goes on until the machine breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.machines import HISTORY_LIMIT
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import items, mapping, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_EVENTS = 3
"""Of each attempt: scheduled, started, failed."""


@rule(
    id="retry-unbounded",
    title="a retry without a real end",
    why="an execution ends, uncatchably, at 25,000 events, and pays until then",
    fix="lower MaxAttempts, and let the interval grow up to MaxDelaySeconds",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html",
)
def retry_unbounded(template: Template) -> Iterator[Found]:
    """Find retriers whose attempts alone fill the history."""
    for machine in template.machines:
        for state in machine.states("Task", "Map", "Parallel"):
            for each in items(state.body.get("Retry")):
                attempts = number(mapping(each).get("MaxAttempts"))
                if attempts is not None and attempts * _EVENTS > HISTORY_LIMIT:
                    yield Found(machine.resource, state.path, f"{attempts:g} attempts")
