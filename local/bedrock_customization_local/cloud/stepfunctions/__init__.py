"""Step Functions: our own interpreter of Amazon States Language, and the API on top of it."""

from bedrock_customization_local.cloud.stepfunctions.api.errors import ApiError
from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.language.validation import Finding, findings
from bedrock_customization_local.cloud.stepfunctions.moto_install import install
from bedrock_customization_local.cloud.stepfunctions.running import run_machine
from bedrock_customization_local.cloud.stepfunctions.service import StepFunctions
from bedrock_customization_local.cloud.stepfunctions.task import TaskCall, TaskCaller
from bedrock_customization_local.cloud.stepfunctions.tasks.api import TaskAuthorizer

__all__ = [
    "ApiError",
    "ErrorName",
    "Finding",
    "StateError",
    "StepFunctions",
    "TaskAuthorizer",
    "TaskCall",
    "TaskCaller",
    "findings",
    "install",
    "run_machine",
]
