"""Keys of encryption."""

from bedrock_customization_runtime.template_rules.rules.keys.events_key_with_source import (
    events_key_with_source,
)
from bedrock_customization_runtime.template_rules.rules.keys.key_gone_soon import (
    key_gone_soon,
)
from bedrock_customization_runtime.template_rules.rules.keys.key_open_to_service import (
    key_open_to_service,
)
from bedrock_customization_runtime.template_rules.rules.keys.key_without_rotation import (
    key_without_rotation,
)
from bedrock_customization_runtime.template_rules.rules.keys.machine_key_incomplete import (
    machine_key_incomplete,
)

RULES = (
    key_without_rotation,
    key_gone_soon,
    key_open_to_service,
    events_key_with_source,
    machine_key_incomplete,
)
