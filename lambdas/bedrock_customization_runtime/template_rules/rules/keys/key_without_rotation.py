"""A key that never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.values import is_true, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="key-without-rotation",
    title="a symmetric key without rotation",
    why="whoever once copied its material reads everything that is ever encrypted with it",
    fix="set EnableKeyRotation to true",
    anchor="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    severity=Severity.WARNING,
)
def key_without_rotation(template: Template) -> Iterator[Found]:
    """Find keys for encryption, made by KMS, that do not rotate."""
    for key in template.of_type("AWS::KMS::Key"):
        is_symmetric = text(key.get("KeySpec")) in {"", "SYMMETRIC_DEFAULT"}
        is_made_by_kms = text(key.get("Origin")) in {"", "AWS_KMS"}
        if is_symmetric and is_made_by_kms and not is_true(key.get("EnableKeyRotation")):
            yield Found(key, "Properties.EnableKeyRotation", "not true")
