"""Who may assume roles."""

from bedrock_customization_runtime.template_rules.rules.trust.import_from_any_account import (
    import_from_any_account,
)
from bedrock_customization_runtime.template_rules.rules.trust.shared_between_kinds import (
    trust_shared_between_kinds,
)
from bedrock_customization_runtime.template_rules.rules.trust.source_arn_of_another_kind import (
    trust_of_another_kind,
)
from bedrock_customization_runtime.template_rules.rules.trust.without_source_account import (
    trust_without_source_account,
)
from bedrock_customization_runtime.template_rules.rules.trust.without_source_arn import (
    trust_without_source_arn,
)

RULES = (
    trust_without_source_account,
    trust_without_source_arn,
    trust_of_another_kind,
    trust_shared_between_kinds,
    import_from_any_account,
)
