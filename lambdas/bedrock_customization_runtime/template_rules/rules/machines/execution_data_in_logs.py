"""Logs that hold what states hand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.machines import STATE_MACHINES
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import is_true

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="execution-data-in-logs",
    title="a machine writes inputs and outputs of its states into logs",
    why="whoever reads logs reads records, answers and names of customers",
    fix="set LoggingConfiguration.IncludeExecutionData to false; the console shows the data",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
)
def execution_data_in_logs(template: Template) -> Iterator[Found]:
    """Find machines that include execution data."""
    for machine in template.of_type(*STATE_MACHINES):
        for name in ("LoggingConfiguration", "Logging"):
            if is_true(machine.get(name, "IncludeExecutionData")):
                yield Found(machine, f"Properties.{name}.IncludeExecutionData", "true")
