"""Executions that end without anyone knowing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.machines import STATE_MACHINES
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import (
    items,
    mapping,
    text,
    texts,
    texts_below,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.intrinsics import Json
    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template

_METRICS = {
    "ExecutionsFailed": "FAILED",
    "ExecutionsTimedOut": "TIMED_OUT",
    "ExecutionsAborted": "ABORTED",
}
_ENDS = tuple(_METRICS.values())


@rule(
    id="ended-executions-unseen",
    title="nothing notices when an execution fails, times out or is aborted",
    why="States.Runtime, States.DataLimitExceeded, time-outs and aborts pass by every Catch",
    fix="add a rule on Step Functions Execution Status Change for FAILED, TIMED_OUT and ABORTED, "
    "or alarms on the three metrics",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html",
)
def ended_executions_unseen(template: Template) -> Iterator[Found]:
    """Find standard machines without a rule or alarm for each of the three ends.

    Not those that another machine of the template waits for: it fails with them.
    """
    for machine in template.of_type(*STATE_MACHINES):
        kind = text(machine.get("StateMachineType") or machine.get("Type"))
        if kind.upper() == "EXPRESS" or _is_awaited(template, machine):
            continue
        seen = {*_seen_by_rules(template, machine), *_seen_by_alarms(template, machine)}
        missing = [each for each in _ENDS if each not in seen]
        if missing:
            yield Found(machine, "its executions", f"{', '.join(missing)} unseen")


def _seen_by_rules(template: Template, machine: Resource) -> Iterator[str]:
    for found in template.of_type("AWS::Events::Rule"):
        pattern = mapping(found.get("EventPattern"))
        is_on = text(found.get("State")) != "DISABLED" and items(found.get("Targets"))
        if not is_on or "aws.states" not in texts(pattern.get("source")):
            continue
        detail = mapping(pattern.get("detail"))
        of_machines = detail.get("stateMachineArn")
        is_here = of_machines is None or any(
            machine.logical_id in value or not value.startswith("${")
            for _, value in texts_below(of_machines)
        )
        wanted = detail.get("status")
        if is_here:
            yield from _ENDS if wanted is None else _wanted(wanted)


def _wanted(status: Json) -> Iterator[str]:
    for each in items(status):
        if isinstance(each, str):
            yield each
        else:
            left_out = texts(mapping(each).get("anything-but"))
            yield from (end for end in _ENDS if left_out and end not in left_out)


def _seen_by_alarms(template: Template, machine: Resource) -> Iterator[str]:
    for alarm in template.of_type("AWS::CloudWatch::Alarm"):
        if any(machine.logical_id in value for _, value in texts_below(alarm.properties)):
            for path, value in texts_below(alarm.properties):
                if path.endswith("MetricName") and value in _METRICS:
                    yield _METRICS[value]


def _is_awaited(template: Template, machine: Resource) -> bool:
    return any(
        task.service == "states"
        and task.action == "startexecution"
        and task.pattern.startswith("sync")
        and machine.logical_id in text(task.argument("StateMachineArn"))
        for other in template.machines
        if other.resource is not machine
        for task in other.tasks()
    )
