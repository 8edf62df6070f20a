"""Lambda: real processes behind a real Runtime API, without containers.

What a sandbox does not give: the function's Python version (it runs on this machine's), its
architecture, `/opt` and `/var/task` as paths, freezing between invocations, or any protection
from hostile code.
"""

from bedrock_customization_local.cloud.lambdas.archives import InvalidArchiveError
from bedrock_customization_local.cloud.lambdas.functions import (
    Archive,
    FailureKind,
    FunctionDefinition,
    Invocation,
    LogFormat,
    TooManyRequestsError,
    UnsupportedFunctionError,
)
from bedrock_customization_local.cloud.lambdas.runtime import LambdaRuntime

__all__ = [
    "Archive",
    "FailureKind",
    "FunctionDefinition",
    "InvalidArchiveError",
    "Invocation",
    "LambdaRuntime",
    "LogFormat",
    "TooManyRequestsError",
    "UnsupportedFunctionError",
]
