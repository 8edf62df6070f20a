"""State machines and their tasks."""

from bedrock_customization_runtime.template_rules.rules.machines.create_without_token import (
    create_without_token,
)
from bedrock_customization_runtime.template_rules.rules.machines.execution_data_in_logs import (
    execution_data_in_logs,
)
from bedrock_customization_runtime.template_rules.rules.machines.function_as_latest import (
    function_as_latest,
)
from bedrock_customization_runtime.template_rules.rules.machines.job_not_awaited import (
    job_not_awaited,
)
from bedrock_customization_runtime.template_rules.rules.machines.machine_without_logs import (
    machine_without_logs,
)
from bedrock_customization_runtime.template_rules.rules.machines.machine_without_tracing import (
    machine_without_tracing,
)
from bedrock_customization_runtime.template_rules.rules.machines.polling_fills_history import (
    polling_fills_history,
)
from bedrock_customization_runtime.template_rules.rules.machines.random_token import (
    random_token,
)
from bedrock_customization_runtime.template_rules.rules.machines.retry_of_everything import (
    retry_of_everything,
)
from bedrock_customization_runtime.template_rules.rules.machines.retry_unbounded import (
    retry_unbounded,
)
from bedrock_customization_runtime.template_rules.rules.machines.sync_without_rights import (
    sync_without_rights,
)
from bedrock_customization_runtime.template_rules.rules.machines.task_without_catch import (
    task_without_catch,
)
from bedrock_customization_runtime.template_rules.rules.machines.task_without_retry import (
    task_without_retry,
)
from bedrock_customization_runtime.template_rules.rules.machines.task_without_timeout import (
    task_without_timeout,
)

RULES = (
    task_without_timeout,
    task_without_retry,
    retry_of_everything,
    retry_unbounded,
    task_without_catch,
    create_without_token,
    random_token,
    job_not_awaited,
    sync_without_rights,
    polling_fills_history,
    execution_data_in_logs,
    machine_without_logs,
    machine_without_tracing,
    function_as_latest,
)
