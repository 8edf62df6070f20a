"""Provisioned throughput without a time to live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.costs.throughputs import making, removers
from bedrock_customization_runtime.template_rules.values import items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.intrinsics import Json
    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="throughput-without-end",
    title="provisioned throughput is made and nothing deletes it when its time is over",
    why="a run that was killed leaves it billing by the hour",
    fix="look every few minutes, by a schedule, for throughput whose time is over, and delete it",
    anchor="https://docs.aws.amazon.com/bedrock/latest/userguide/prov-throughput.html",
)
def throughput_without_end(template: Template) -> Iterator[Found]:
    """Find templates in which nothing that is scheduled may delete it."""
    deleting = removers(template)
    if not deleting or deleting & set(_scheduled_roles(template)) or _makes_schedules(template):
        return
    for resource, path in making(template):
        yield Found(resource, path, "no schedule that deletes it")


def _scheduled_roles(template: Template) -> Iterator[str]:
    for rule_ in template.of_type("AWS::Events::Rule"):
        if rule_.get("ScheduleExpression") and text(rule_.get("State")) != "DISABLED":
            for target in items(rule_.get("Targets")):
                yield from _roles_behind(template, mapping(target).get("Arn"))
    for schedule in template.of_type("AWS::Scheduler::Schedule"):
        yield from _roles_behind(template, schedule.get("Target", "Arn"))
        for told in (schedule.get("Target", "RoleArn"), schedule.get("Target", "Input")):
            yield from _roles_behind(template, told)


def _roles_behind(template: Template, arn: Json) -> Iterator[str]:
    """Yield the roles of a function, an alias or version of it, a machine, or a role itself."""
    found = template.target(arn)
    if found is not None and found.type in {"AWS::Lambda::Alias", "AWS::Lambda::Version"}:
        found = template.target(found.get("FunctionName"))
    if found is None:
        return
    role = template.target(found.get("Role") or found.get("RoleArn"))
    yield from (each.logical_id for each in (found, role) if each is not None)


def _makes_schedules(template: Template) -> bool:
    """Return whether something makes a schedule for each throughput at run time."""
    return any(
        each.is_allow and each.covers("scheduler:CreateSchedule")
        for each in template.policies.identity()
    )
