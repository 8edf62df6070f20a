"""A job that is started and forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.values import items, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_GETTERS = {
    "createmodelcustomizationjob": "getmodelcustomizationjob",
    "createmodelimportjob": "getmodelimportjob",
    "createevaluationjob": "getevaluationjob",
    "createmodelinvocationjob": "getmodelinvocationjob",
    "createmodelcopyjob": "getmodelcopyjob",
}


@rule(
    id="job-not-awaited",
    title="a job is started and nothing looks how it ends",
    why="the execution succeeds at once, whatever becomes of the job",
    fix="use bedrock:createModelCustomizationJob.sync, or poll with the job's Get action",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/connect-bedrock.html",
    severity=Severity.WARNING,
)
def job_not_awaited(template: Template) -> Iterator[Found]:
    """Find jobs without .sync in machines that neither ask for them nor invoke a function.

    A function could ask, and a rule on Bedrock's events could go on.
    """
    if _listens_to_bedrock(template):
        return
    for machine in template.machines:
        called = {task.action for task in machine.tasks()}
        asks = any(task.function or "listmodel" in task.action for task in machine.tasks())
        for task in machine.tasks():
            getter = _GETTERS.get(task.action) if task.service == "bedrock" else None
            if getter and not task.pattern and not asks and getter not in called:
                yield Found(machine.resource, task.path, f"{task.action} without {getter}")


def _listens_to_bedrock(template: Template) -> bool:
    return any(
        text(source) == "aws.bedrock"
        for rule_ in template.of_type("AWS::Events::Rule")
        for source in items(rule_.get("EventPattern", "source"))
    )
