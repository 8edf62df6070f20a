"""Logs that nobody ever deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="log-group-without-retention",
    title="a log group without retention",
    why="logs stay, and are billed, for ever; what leaked into one stays too",
    fix="set RetentionInDays",
    anchor="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    severity=Severity.WARNING,
)
def log_group_without_retention(template: Template) -> Iterator[Found]:
    """Find log groups that say nothing of RetentionInDays."""
    for group in template.of_type("AWS::Logs::LogGroup"):
        if not group.get("RetentionInDays"):
            yield Found(group, "Properties.RetentionInDays", "not set")
