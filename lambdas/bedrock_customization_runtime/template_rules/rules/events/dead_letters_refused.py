"""A dead-letter queue that takes no dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="dead-letters-refused",
    title="a dead-letter queue whose policy does not let EventBridge send to it",
    why="what cannot be delivered is dropped all the same",
    fix="allow events.amazonaws.com sqs:SendMessage, with aws:SourceArn of the rule",
    anchor="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html",
)
def dead_letters_refused(template: Template) -> Iterator[Found]:
    """Find queues of this template that rules of this template name in vain."""
    for found in template.of_type("AWS::Events::Rule"):
        for index, target in enumerate(items(found.get("Targets"))):
            arn = mapping(mapping(target).get("DeadLetterConfig")).get("Arn")
            queue = template.target(arn)
            if queue and queue.type == "AWS::SQS::Queue" and not _takes(template, queue):
                yield Found(found, f"Properties.Targets[{index}]", text(queue.logical_id))


def _takes(template: Template, queue: Resource) -> bool:
    return any(
        each.is_allow
        and each.covers("sqs:SendMessage")
        and ("events" in each.services() or each.is_for_anyone)
        for each in template.policies.of_holder(queue, PolicyKind.RESOURCE)
    )
