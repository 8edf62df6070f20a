"""A machine whose calls cannot be followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.machines import STATE_MACHINES
from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.values import is_true

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="machine-without-tracing",
    title="a machine without tracing",
    why="which call of which function was slow, or failed, cannot be seen",
    fix="set TracingConfiguration.Enabled to true (tracing_enabled=True)",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html",
    severity=Severity.WARNING,
)
def machine_without_tracing(template: Template) -> Iterator[Found]:
    """Find machines without X-Ray."""
    for machine in template.of_type(*STATE_MACHINES):
        if not any(
            is_true(machine.get(name, "Enabled")) for name in ("TracingConfiguration", "Tracing")
        ):
            yield Found(machine, "Properties.TracingConfiguration", "not enabled")
