"""A Lambda runtime client for systems that AWS's own has no wheels for.

Speaks the same Runtime API and reports the same errors as awslambdaric, without its JSON logs.
"""

import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse
from typing import NoReturn

_PREFIX = "/2018-06-01/runtime/"
_Handler = Callable[[object, "Context"], object]


class _FaultError(Exception):
    """A failure that Lambda has a name for."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(kw_only=True)
class Context:
    """What a handler learns of its invocation; the members of Lambda's context object."""

    aws_request_id: str
    invoked_function_arn: str
    deadline_ms: int = field(repr=False)
    client_context: object = None
    identity: object = None
    function_name: str = field(default_factory=lambda: os.environ["AWS_LAMBDA_FUNCTION_NAME"])
    function_version: str = field(default_factory=lambda: os.environ["AWS_LAMBDA_FUNCTION_VERSION"])
    memory_limit_in_mb: str = field(
        default_factory=lambda: os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    )
    log_group_name: str = field(default_factory=lambda: os.environ["AWS_LAMBDA_LOG_GROUP_NAME"])
    log_stream_name: str = field(default_factory=lambda: os.environ["AWS_LAMBDA_LOG_STREAM_NAME"])

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the handler may still take."""
        return max(0, self.deadline_ms - int(time.time() * 1000))


def main(arguments: list[str]) -> None:
    """Serve one handler, named by the second argument, until the API turns us away."""
    connection = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    logging.basicConfig(
        stream=sys.stdout, format="[%(levelname)s]\t%(asctime)sZ\t%(message)s", force=True
    )
    logging.Formatter.converter = time.gmtime
    try:
        handler = _load(arguments[1])
    except Exception as error:  # noqa: BLE001 - whatever a module raises is an init error
        _fail_init(connection, error)
    while True:
        response = _call(connection, "GET", "invocation/next")
        if response is None:
            return
        answer, body = response
        request_id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = answer.headers["Lambda-Runtime-Trace-Id"]
        result, outcome = _run(handler, answer, body, request_id)
        sys.stdout.flush()
        _call(connection, "POST", f"invocation/{request_id}/{outcome}", result)


def _load(name: str) -> _Handler:
    module_name, separator, attribute = name.rpartition(".")
    if not separator:
        raise _FaultError("Runtime.MalformedHandlerName", f"Bad handler '{name}'")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise _FaultError(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}"
        ) from error
    except SyntaxError as error:
        raise _FaultError(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}"
        ) from error
    handler: _Handler | None = getattr(module, attribute, None)
    if handler is None:
        raise _FaultError(
            "Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{module_name}'"
        )
    return handler


def _run(handler: _Handler, event: HTTPResponse, body: bytes, request_id: str) -> tuple[bytes, str]:
    context = Context(
        aws_request_id=request_id,
        invoked_function_arn=event.headers["Lambda-Runtime-Invoked-Function-Arn"],
        deadline_ms=int(event.headers["Lambda-Runtime-Deadline-Ms"]),
        client_context=json.loads(event.headers.get("Lambda-Runtime-Client-Context", "null")),
    )
    try:
        answer = handler(json.loads(body), context)
        try:
            return json.dumps(answer).encode(), "response"
        except (TypeError, ValueError) as error:
            raise _FaultError(
                "Runtime.MarshalError", f"Unable to marshal response: {error}"
            ) from error
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is its answer
        return _described(error, request_id), "error"


def _fail_init(connection: HTTPConnection, error: Exception) -> NoReturn:
    _call(connection, "POST", "init/error", _described(error, ""))
    sys.exit(1)


def _described(error: Exception, request_id: str) -> bytes:
    kind = error.kind if isinstance(error, _FaultError) else type(error).__name__
    frames = [] if isinstance(error, _FaultError) else traceback.extract_tb(error.__traceback__)[1:]
    trace = traceback.format_list(frames)
    lines = [f"[ERROR] {kind}: {error}", "Traceback (most recent call last):", *trace]
    sys.stdout.write("\r".join(line.rstrip("\n").replace("\n", "\r") for line in lines) + "\n")
    return json.dumps(
        {
            "errorMessage": str(error),
            "errorType": kind,
            "requestId": request_id,
            "stackTrace": trace,
        }
    ).encode()


def _call(
    connection: HTTPConnection, method: str, path: str, body: bytes | None = None
) -> tuple[HTTPResponse, bytes] | None:
    headers = {"Content-Type": "application/json"} if body is not None else {}
    connection.request(method, _PREFIX + path, body, headers)
    response = connection.getresponse()
    content = response.read()
    return None if response.status == HTTPStatus.GONE else (response, content)
