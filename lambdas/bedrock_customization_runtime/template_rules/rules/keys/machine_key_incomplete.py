"""A state machine whose customer key is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.machines import STATE_MACHINES
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="machine-key-incomplete",
    title="a state machine is encrypted with a customer key that it does not name",
    why="the machine cannot be made, or is encrypted with another key than was promised",
    fix="set EncryptionConfiguration.KmsKeyId beside Type CUSTOMER_MANAGED_KMS_KEY",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html",
)
def machine_key_incomplete(template: Template) -> Iterator[Found]:
    """Find machines with one half of the two settings."""
    for machine in template.of_type(*STATE_MACHINES):
        kind = text(machine.get("EncryptionConfiguration", "Type"))
        key = machine.get("EncryptionConfiguration", "KmsKeyId")
        if (kind == "CUSTOMER_MANAGED_KMS_KEY") is not bool(key):
            yield Found(machine, "Properties.EncryptionConfiguration", kind or "no Type")
