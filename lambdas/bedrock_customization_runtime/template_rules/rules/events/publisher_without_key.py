"""A topic that decrypts nothing for who publishes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.events.publishers import publishers_of
from bedrock_customization_runtime.template_rules.values import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template

_NEEDED = ("kms:Decrypt", "kms:GenerateDataKey")


@rule(
    id="publisher-without-key",
    title="a service publishes to an encrypted topic whose key it may not use",
    why="SNS takes nothing from it, and nobody is told",
    fix="allow the service kms:Decrypt and kms:GenerateDataKey* in the key's policy; the key "
    "alias/aws/sns cannot, so use one of your own",
    anchor="https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
)
def publisher_without_key(template: Template) -> Iterator[Found]:
    """Find publishers whose topic's key, if it is of this template or of AWS, shuts them out."""
    for topic, service, source in publishers_of(template):
        named = text(topic.get("KmsMasterKeyId"))
        key = _key_of(template, topic)
        is_of_aws = "alias/aws/sns" in named
        if is_of_aws or (key and not _may_use(template, key, service)):
            yield Found(topic, f"key for {source.logical_id}", f"{service}.amazonaws.com")


def _key_of(template: Template, topic: Resource) -> Resource | None:
    key = template.target(topic.get("KmsMasterKeyId"))
    if key is not None and key.type == "AWS::KMS::Alias":
        key = template.target(key.get("TargetKeyId"))
    return key if key is not None and key.type == "AWS::KMS::Key" else None


def _may_use(template: Template, key: Resource, service: str) -> bool:
    allowed = [
        each
        for each in template.policies.of_holder(key, PolicyKind.RESOURCE)
        if each.is_allow and (service in each.services() or each.is_for_anyone)
    ]
    return all(any(each.covers(action) for each in allowed) for action in _NEEDED)
