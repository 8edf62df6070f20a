"""A token that is another one in each attempt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import texts_below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_CHANGING = re.compile(
    r"States\.UUID\(|\$(?:uuid|now|millis|random)\(|\$\$\.State\.EnteredTime|states\.context\.State\.(?:EnteredTime|RetryCount)|\$\$\.State\.RetryCount"
)


@rule(
    id="random-token",
    title="a client token or job name from chance, the clock, or the count of retries",
    why="a redriven run asks under a new token, and Bedrock makes, and bills, a second job",
    fix="derive it from the execution's name and the step",
    anchor="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateModelCustomizationJob.html",
)
def random_token(template: Template) -> Iterator[Found]:
    """Find tokens and names of Bedrock's Create* tasks that are not the same twice."""
    for machine in template.machines:
        for task in machine.tasks():
            if task.service != "bedrock" or not task.action.startswith("create"):
                continue
            for name in ("ClientRequestToken", "JobName"):
                told = " ".join(value for _, value in texts_below(task.argument(name)))
                if _CHANGING.search(told):
                    yield Found(machine.resource, task.path, name)
