"""What bills until somebody ends it."""

from bedrock_customization_runtime.template_rules.rules.costs.committed_throughput import (
    committed_throughput,
)
from bedrock_customization_runtime.template_rules.rules.costs.throughput_never_deleted import (
    throughput_never_deleted,
)
from bedrock_customization_runtime.template_rules.rules.costs.throughput_without_end import (
    throughput_without_end,
)

RULES = (
    throughput_never_deleted,
    throughput_without_end,
    committed_throughput,
)
