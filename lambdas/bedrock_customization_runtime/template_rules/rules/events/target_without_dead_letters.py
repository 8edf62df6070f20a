"""Events that are lost when their target is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.values import items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.intrinsics import Json
    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="target-without-dead-letters",
    title="a rule's or schedule's target without a dead-letter queue",
    why="an event that cannot be delivered is dropped, and nobody hears of what it told",
    fix="set DeadLetterConfig of the target (dead_letter_queue=…)",
    anchor="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html",
    severity=Severity.WARNING,
)
def target_without_dead_letters(template: Template) -> Iterator[Found]:
    """Find targets of rules that are on, and of schedules.

    Not a queue that takes the dead letters of others: its own would be lost as well.
    """
    queues = {
        queue.logical_id
        for found in template.of_type("AWS::Events::Rule")
        for target in items(found.get("Targets"))
        if (queue := template.target(_dead_letters_of(target)))
    }
    for found in template.of_type("AWS::Events::Rule"):
        if text(found.get("State")) == "DISABLED":
            continue
        for index, target in enumerate(items(found.get("Targets"))):
            queue = template.target(mapping(target).get("Arn"))
            is_last = queue is not None and queue.logical_id in queues
            if not (_dead_letters_of(target) or is_last):
                yield Found(found, f"Properties.Targets[{index}]", "no DeadLetterConfig")
    for schedule in template.of_type("AWS::Scheduler::Schedule"):
        if not schedule.get("Target", "DeadLetterConfig", "Arn"):
            yield Found(schedule, "Properties.Target", "no DeadLetterConfig")


def _dead_letters_of(target: Json) -> Json:
    return mapping(mapping(target).get("DeadLetterConfig")).get("Arn")
