"""An alarm that tells nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.values import is_false, items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


@rule(
    id="alarm-without-action",
    title="an alarm without an action",
    why="it turns red on a page that nobody looks at",
    fix="add the topic to AlarmActions (alarm.add_alarm_action), and leave ActionsEnabled on",
    anchor="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
    severity=Severity.WARNING,
)
def alarm_without_action(template: Template) -> Iterator[Found]:
    """Find alarms that do nothing, and that nothing else of the template refers to."""
    for alarm in template.of_type(*_ALARMS):
        used = template.referred_from.get(alarm.logical_id, set()) - {alarm.logical_id}
        is_mute = not items(alarm.get("AlarmActions")) or is_false(alarm.get("ActionsEnabled"))
        if is_mute and not used:
            yield Found(alarm, "Properties.AlarmActions", "none")
