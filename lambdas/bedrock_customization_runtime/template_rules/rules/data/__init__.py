"""How data are stored."""

from bedrock_customization_runtime.template_rules.rules.data.blind_data_readable import (
    blind_data_readable,
)
from bedrock_customization_runtime.template_rules.rules.data.bucket_without_abort import (
    bucket_without_abort,
)
from bedrock_customization_runtime.template_rules.rules.data.bucket_without_public_block import (
    bucket_without_public_block,
)
from bedrock_customization_runtime.template_rules.rules.data.bucket_without_tls_deny import (
    bucket_without_tls_deny,
)
from bedrock_customization_runtime.template_rules.rules.data.bucket_without_versions import (
    bucket_without_versions,
)
from bedrock_customization_runtime.template_rules.rules.data.log_group_without_retention import (
    log_group_without_retention,
)
from bedrock_customization_runtime.template_rules.rules.data.output_less_protected import (
    output_less_protected,
)
from bedrock_customization_runtime.template_rules.rules.data.secret_in_environment import (
    secret_in_environment,
)
from bedrock_customization_runtime.template_rules.rules.data.stateful_without_retain import (
    stateful_without_retain,
)

RULES = (
    bucket_without_tls_deny,
    bucket_without_public_block,
    bucket_without_versions,
    bucket_without_abort,
    stateful_without_retain,
    blind_data_readable,
    output_less_protected,
    secret_in_environment,
    log_group_without_retention,
)
