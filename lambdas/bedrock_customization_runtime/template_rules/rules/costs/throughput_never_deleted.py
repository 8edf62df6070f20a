"""Provisioned throughput that nothing takes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.costs.throughputs import making, removers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="throughput-never-deleted",
    title="provisioned throughput is made and nothing may delete it",
    why="it bills by the hour, used or not, until somebody deletes it: tens of thousands a month",
    fix="give a function or a state bedrock:DeleteProvisionedModelThroughput and call it, also "
    "when the run fails",
    anchor="https://docs.aws.amazon.com/bedrock/latest/userguide/prov-throughput.html",
)
def throughput_never_deleted(template: Template) -> Iterator[Found]:
    """Find templates whose roles make it and none of which may delete it."""
    if removers(template):
        return
    for resource, path in making(template):
        yield Found(resource, path, "CreateProvisionedModelThroughput without Delete")
