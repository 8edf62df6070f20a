"""A request that makes a second job when it is sent twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

CREATE_WITH_TOKEN = frozenset(
    [
        "createcustommodel",
        "createcustommodeldeployment",
        "createevaluationjob",
        "createmodelcopyjob",
        "createmodelcustomizationjob",
        "createmodelimportjob",
        "createmodelinvocationjob",
        "createprovisionedmodelthroughput",
    ]
)
"""Bedrock's actions that make what is paid and take a clientRequestToken."""


@rule(
    id="create-without-token",
    title="a request to make a job, model or deployment without a client token",
    why="a retry after a lost answer makes, and pays, a second one; Step Functions adds no token",
    fix="derive ClientRequestToken from the execution's name and the step",
    anchor="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateModelCustomizationJob.html",
)
def create_without_token(template: Template) -> Iterator[Found]:
    """Find such tasks; arguments that one expression makes are not looked into."""
    for machine in template.machines:
        for task in machine.tasks():
            if (
                task.service == "bedrock"
                and task.action in CREATE_WITH_TOKEN
                and task.arguments is not None
                and not task.argument("ClientRequestToken")
            ):
                yield Found(machine.resource, task.path, task.action)
