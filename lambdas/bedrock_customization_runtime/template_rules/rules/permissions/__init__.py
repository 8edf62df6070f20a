"""What roles and policies allow."""

from bedrock_customization_runtime.template_rules.rules.permissions.allow_all_but import (
    allow_all_but,
)
from bedrock_customization_runtime.template_rules.rules.permissions.any_parameter_writable import (
    any_parameter_writable,
)
from bedrock_customization_runtime.template_rules.rules.permissions.any_principal import (
    any_principal,
)
from bedrock_customization_runtime.template_rules.rules.permissions.empty_condition import (
    condition_without_value,
)
from bedrock_customization_runtime.template_rules.rules.permissions.full_access_policy import (
    full_access_policy,
)
from bedrock_customization_runtime.template_rules.rules.permissions.interface_of_others import (
    network_interface_of_others,
)
from bedrock_customization_runtime.template_rules.rules.permissions.literal_account import (
    literal_account,
)
from bedrock_customization_runtime.template_rules.rules.permissions.literal_partition import (
    literal_partition,
)
from bedrock_customization_runtime.template_rules.rules.permissions.literal_region import (
    literal_region,
)
from bedrock_customization_runtime.template_rules.rules.permissions.open_function import (
    lambda_permission_without_source,
)
from bedrock_customization_runtime.template_rules.rules.permissions.pass_role import (
    pass_role_without_service,
)
from bedrock_customization_runtime.template_rules.rules.permissions.wildcard_action import (
    wildcard_action,
)
from bedrock_customization_runtime.template_rules.rules.permissions.wildcard_resource import (
    wildcard_resource,
)

RULES = (
    pass_role_without_service,
    wildcard_action,
    wildcard_resource,
    full_access_policy,
    allow_all_but,
    any_principal,
    lambda_permission_without_source,
    any_parameter_writable,
    network_interface_of_others,
    condition_without_value,
    literal_partition,
    literal_region,
    literal_account,
)
