"""Events that are lost when their target is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.values import items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """Find targets of rules that are on, and of schedules."""
    for found in template.of_type("AWS::Events::Rule"):
        if text(found.get("State")) == "DISABLED":
            continue
        for index, target in enumerate(items(found.get("Targets"))):
            if not mapping(mapping(target).get("DeadLetterConfig")).get("Arn"):
                yield Found(found, f"Properties.Targets[{index}]", "no DeadLetterConfig")
    for schedule in template.of_type("AWS::Scheduler::Schedule"):
        if not schedule.get("Target", "DeadLetterConfig", "Arn"):
            yield Found(schedule, "Properties.Target", "no DeadLetterConfig")
