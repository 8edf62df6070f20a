"""A key that a service may use for anyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind
from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="key-open-to-service",
    title="a service may use the key whoever asks for it",
    why="someone in another account can have the service use the key for them",
    fix="add a condition: aws:SourceAccount, aws:SourceArn or kms:EncryptionContext",
    anchor="https://docs.aws.amazon.com/kms/latest/developerguide/least-privilege.html",
    severity=Severity.WARNING,
)
def key_open_to_service(template: Template) -> Iterator[Found]:
    """Find statements of key policies for services without a condition; EventBridge sends none."""
    for each in template.policies.of_kind(PolicyKind.RESOURCE):
        if each.resource.type != "AWS::KMS::Key" or not each.is_allow or each.conditions:
            continue
        for service in each.services():
            if service != "events":
                yield Found(each.resource, each.path, service)
