"""A machine that nobody can look into afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.machines import STATE_MACHINES
from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.values import items, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="machine-without-logs",
    title="a machine without logs",
    why="after 90 days nothing tells how a model that is in production was made",
    fix="log at level ALL or ERROR to a log group with retention",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
    severity=Severity.WARNING,
)
def machine_without_logs(template: Template) -> Iterator[Found]:
    """Find machines whose level is OFF or unsaid, or which have no log group."""
    for machine in template.of_type(*STATE_MACHINES):
        told = [
            (text(machine.get(name, "Level")), items(machine.get(name, "Destinations")))
            for name in ("LoggingConfiguration", "Logging")
        ]
        if not any(level not in {"", "OFF"} and places for level, places in told):
            yield Found(machine, "Properties.LoggingConfiguration", "off")
