"""Who makes provisioned throughput, and who takes it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template


def making(template: Template) -> Iterator[tuple[Resource, str]]:
    """Yield what makes provisioned throughput: a machine's state, or a right in a policy."""
    made = False
    for machine in template.machines:
        for task in machine.tasks():
            if task.service == "bedrock" and task.action == "createprovisionedmodelthroughput":
                made = True
                yield machine.resource, task.path
    if not made:
        for each in template.policies.identity():
            if each.is_allow and "bedrock:createprovisionedmodelthroughput" in each.actions:
                yield each.resource, each.path


def removers(template: Template) -> set[str]:
    """Return the logical ids of roles that may delete provisioned throughput."""
    return {
        holder
        for each in template.policies.identity()
        if each.is_allow and each.covers("bedrock:DeleteProvisionedModelThroughput")
        for holder in each.holders
    }
