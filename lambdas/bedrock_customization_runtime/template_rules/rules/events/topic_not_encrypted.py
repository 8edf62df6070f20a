"""Messages that lie open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="topic-not-encrypted",
    title="a topic without encryption",
    why="messages tell of jobs, models and errors, and wait unencrypted until they are delivered",
    fix="set KmsMasterKeyId to a key that all publishers may use",
    anchor="https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html",
    severity=Severity.WARNING,
)
def topic_not_encrypted(template: Template) -> Iterator[Found]:
    """Find topics without a key."""
    for topic in template.of_type("AWS::SNS::Topic"):
        if not topic.get("KmsMasterKeyId"):
            yield Found(topic, "Properties.KmsMasterKeyId", "not set")
