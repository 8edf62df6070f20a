"""A key that EventBridge can never use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind
from bedrock_customization_runtime.template_rules.rule import Found, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="events-key-with-source",
    title="a key asks events.amazonaws.com for aws:SourceAccount or aws:SourceArn",
    why="EventBridge sends neither to KMS: what it sends to a topic or queue is silently dropped",
    fix="leave the condition out of that statement; the topic's or queue's policy can have it",
    anchor="https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
)
def events_key_with_source(template: Template) -> Iterator[Found]:
    """Find such conditions in key policies, on statements for EventBridge alone."""
    for each in template.policies.of_kind(PolicyKind.RESOURCE):
        if (
            each.resource.type == "AWS::KMS::Key"
            and each.is_allow
            and "events" in each.services()
            and any(each.condition("aws:sourceaccount", "aws:sourcearn"))
        ):
            yield Found(each.resource, each.path, "aws:Source… for events.amazonaws.com")
