"""Every patch of moto's Lambda: invocations run for real, and published versions never change."""

import copy
import functools
import json
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import ExitStack
from http import HTTPStatus
from threading import Lock
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage
from moto.awslambda.responses import LambdaResponse
from moto.core.utils import unix_time_millis
from moto.utilities.aws_headers import amz_crc32

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.lambdas.archives import InvalidArchive
from bedrock_customization_local.cloud.lambdas.asynchronous import (
    AsynchronousEvent,
    AsynchronousInvoker,
)
from bedrock_customization_local.cloud.lambdas.functions import (
    Archive,
    FunctionDefinition,
    Invocation,
    LogFormat,
    TooManyRequests,
    UnsupportedFunction,
)
from bedrock_customization_local.cloud.lambdas.runtime import LambdaRuntime
from bedrock_customization_local.cloud.lambdas.runtime_api import MAX_PAYLOAD_BYTES

_MAX_ASYNCHRONOUS_BYTES = 1024 * 1024


def install(runtime: LambdaRuntime, *, clock: Clock | None = None) -> Callable[[], None]:
    """Make moto's Lambda run functions on `runtime`.

    Args:
        runtime: Where functions run; the caller closes it.
        clock: Shortens the waits between attempts of asynchronous invocations.

    Returns:
        Takes every patch back and ends the asynchronous invocations.
    """
    bridge = _Bridge(runtime, clock or Clock())
    patches = ExitStack()
    for owner, name, replacement in (
        (LambdaFunction, "__init__", _keep_logging_config(LambdaFunction.__init__)),
        (LambdaFunction, "get_configuration", _report_logging(LambdaFunction.get_configuration)),
        (LambdaFunction, "update_configuration", _update(LambdaFunction.update_configuration)),
        (LambdaStorage, "publish_version", _freeze(LambdaStorage.publish_version)),
        (LambdaFunction, "invoke", _invoke_internally(bridge)),
        (LambdaBackend, "send_sns_message", _pass_on_sns(LambdaBackend.send_sns_message)),
        (LambdaResponse, "invoke", _invoke_over_http(bridge)),
    ):
        patches.enter_context(patch.object(owner, name, replacement))

    def uninstall() -> None:
        patches.close()
        bridge.close()

    return uninstall
