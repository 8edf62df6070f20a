"""A machine that waits for a job it may not look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind
from bedrock_customization_runtime.template_rules.rule import Found, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_RIGHTS = ("bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob")


@rule(
    id="sync-without-rights",
    title="a machine waits for a customization job without the rights to look at it and to stop it",
    why="the execution fails while the job goes on, and a stopped execution leaves it billing",
    fix="allow bedrock:GetModelCustomizationJob and bedrock:StopModelCustomizationJob",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/connect-bedrock.html",
)
def sync_without_rights(template: Template) -> Iterator[Found]:
    """Find them where the machine's role and its rights are all in the template."""
    for machine in template.machines:
        role = template.target(machine.resource.get("RoleArn"))
        waits = any(
            task.action == "createmodelcustomizationjob" and task.pattern.startswith("sync")
            for task in machine.tasks()
        )
        if not waits or role is None or role.get("ManagedPolicyArns"):
            continue
        rights = list(template.policies.of_holder(role, PolicyKind.IDENTITY))
        for action in _RIGHTS:
            if not any(each.is_allow and each.covers(action) for each in rights):
                yield Found(
                    machine.resource, f"rights of {role.logical_id}: {action}", "not allowed"
                )
