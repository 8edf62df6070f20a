"""Every patch of moto's Lambda: invocations run for real, and published versions never change."""

import copy
import functools
import json
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaFunction, LambdaStorage
from moto.awslambda.responses import LambdaResponse
from moto.awslambda.utils import get_backend
from moto.utilities.aws_headers import amz_crc32

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.lambdas.archives import InvalidArchiveError
from bedrock_customization_local.cloud.lambdas.asynchronous import (
    AsynchronousEvent,
    AsynchronousInvoker,
)
from bedrock_customization_local.cloud.lambdas.functions import (
    Archive,
    FunctionDefinition,
    Invocation,
    LogFormat,
    TooManyRequestsError,
    UnsupportedFunctionError,
)
from bedrock_customization_local.cloud.lambdas.moto_logs import LogWriter
from bedrock_customization_local.cloud.lambdas.runtime import LambdaRuntime
from bedrock_customization_local.cloud.lambdas.runtime_api import MAX_PAYLOAD_BYTES
from bedrock_customization_local.cloud.measures import Measures, Unmeasured

_MAX_ASYNCHRONOUS_BYTES = 1024 * 1024
_REFUSALS: Mapping[type[Exception], tuple[HTTPStatus, str]] = {
    InvalidArchiveError: (HTTPStatus.BAD_GATEWAY, "InvalidZipFileException"),
    TooManyRequestsError: (HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequestsException"),
    UnsupportedFunctionError: (HTTPStatus.BAD_GATEWAY, "InvalidRuntimeException"),
}
# moto ships no types: its objects are Any wherever they are passed on.
_Moto = Any


def install(
    runtime: LambdaRuntime, *, clock: Clock | None = None, measures: Measures | None = None
) -> Callable[[], None]:
    """Make moto's Lambda run functions on `runtime`.

    Args:
        runtime: Where functions run; the caller closes it.
        clock: Shortens the waits between attempts of asynchronous invocations.
        measures: Takes the service's metrics, and those that logs hold.

    Returns:
        Takes every patch back, and ends the asynchronous invocations.
    """
    asynchronous = AsynchronousInvoker(
        clock=clock or Clock(), endpoint_url_of=runtime.endpoint_url_of, region=runtime.region
    )
    invoker = _Invoker(runtime, asynchronous, measures or Unmeasured())
    undo = ExitStack()
    undo.callback(asynchronous.close)
    for owner, name, wrap in (
        (LambdaFunction, "__init__", _keep_configuration),
        (LambdaFunction, "update_configuration", _update_configuration),
        (LambdaFunction, "get_configuration", _report_configuration),
        (LambdaStorage, "publish_version", _freeze_version),
        (LambdaFunction, "invoke", functools.partial(_run_for_moto, invoker)),
        (LambdaResponse, "invoke", functools.partial(_run_for_clients, invoker)),
    ):
        original = getattr(owner, name)
        setattr(owner, name, wrap(original))
        undo.callback(setattr, owner, name, original)
    return undo.close


class _RefusedError(LambdaClientError):
    """An error that Invoke itself answers with."""

    def __init__(self, status: HTTPStatus, error: str, message: str) -> None:
        super().__init__(error, message)
        self.code = status


class _Invoker:
    """Invokes functions as moto holds them."""

    def __init__(
        self, runtime: LambdaRuntime, asynchronous: AsynchronousInvoker, measures: Measures
    ) -> None:
        self._runtime = runtime
        self._measures = measures
        self._asynchronous = asynchronous
        self._logs = LogWriter()

    def run(
        self, function: _Moto, payload: bytes, arn: str, client_context: str = ""
    ) -> Invocation:
        """Run a function, keep its log, and measure it."""
        try:
            invocation = self._runtime.invoke(
                definition_of(function), payload, invoked_arn=arn, client_context=client_context
            )
        except TooManyRequestsError:
            self._measure(function, Throttles=1)
            raise
        self._logs.write(function.logs_backend, log_group_of(function), invocation)
        self._measure(
            function,
            Invocations=1,
            Errors=int(invocation.function_error is not None),
            Duration=invocation.duration_ms,
        )
        for line in invocation.log_events():
            self._measures.read(line)
        return invocation

    def _measure(self, function: _Moto, **values: float) -> None:
        for name, value in values.items():
            dimensions = {"FunctionName": function.function_name}
            self._measures.put("AWS/Lambda", name, value, dimensions)

    def submit(self, function: _Moto, payload: bytes, arn: str) -> None:
        """Take an event to be worked off later."""
        config = _event_invoke_config(function)
        destinations = config.get("DestinationConfig", {})
        event = AsynchronousEvent(
            function_arn=arn,
            payload=payload,
            retries=config.get("MaximumRetryAttempts", 2),
            on_success=destinations.get("OnSuccess", {}).get("Destination", ""),
            on_failure=destinations.get("OnFailure", {}).get("Destination", ""),
            dead_letter=function.dead_letter_config.get("TargetArn", ""),
        )
        self._asynchronous.submit(event, lambda: self.run(function, payload, arn))


def definition_of(function: _Moto) -> FunctionDefinition:
    """Return a function version of moto's as the runtime takes it."""
    if function.package_type != "Zip":
        raise UnsupportedFunctionError(
            f"function {function.function_name} is a container image: "
            "the embedded AWS runs functions from zip archives"
        )
    backend = get_backend(function.account_id, function.region)
    logging = function.logging_config
    reserved = backend.get_function(function.function_name).reserved_concurrency
    return FunctionDefinition(
        name=function.function_name,
        arn=_arn_of(function),
        version=str(function.version),
        handler=function.handler or "",
        runtime=function.run_time or "",
        role=function.role,
        code=_archive(function),
        layers=tuple(
            _archive(backend.layers_versions_by_arn(layer["Arn"])) for layer in function.layers
        ),
        environment={key: str(value) for key, value in function.environment_vars.items()},
        timeout=int(function.timeout),
        memory_size=int(function.memory_size),
        log_group=log_group_of(function),
        log_format=LogFormat(logging.get("LogFormat", LogFormat.TEXT)),
        log_level=logging.get("ApplicationLogLevel", "INFO"),
        reserved_concurrency=None if reserved is None else int(reserved),
    )


def _event_invoke_config(function: _Moto) -> Mapping[str, Any]:
    # moto keeps one configuration for all qualifiers, with $LATEST.
    backend = get_backend(function.account_id, function.region)
    kept = backend.get_function(function.function_name).event_invoke_config
    config: Mapping[str, Any] = kept[-1].config if kept else {}
    return config


def log_group_of(function: _Moto) -> str:
    """Return the log group that the function's LoggingConfig names."""
    group: str = function.logging_config.get("LogGroup") or f"/aws/lambda/{function.function_name}"
    return group


def _archive(holder: _Moto) -> Archive:
    # moto has hashed the bytes; it leaves both out when the S3 object is missing.
    content: bytes = getattr(holder, "code_bytes", b"") or b""
    digest: str = getattr(holder, "code_digest", "")
    return Archive(content, digest) if content and digest else Archive.of(content)


def _arn_of(function: _Moto) -> str:
    arn: str = function.function_arn
    return ":".join(arn.split(":")[:7])


def _keep_configuration(original: Callable[..., None]) -> Callable[..., None]:
    """Moto drops LoggingConfig and DeadLetterConfig, so logs went to a group nobody declared."""

    @functools.wraps(original)
    def init(
        self: _Moto, account_id: str, spec: Mapping[str, Any], *args: object, **kwargs: object
    ) -> None:
        self.logging_config = dict(spec.get("LoggingConfig") or {})
        self.dead_letter_config = dict(spec.get("DeadLetterConfig") or {})
        original(self, account_id, spec, *args, **kwargs)

    return init


def _update_configuration(original: Callable[..., _Moto]) -> Callable[..., _Moto]:
    """As `_keep_configuration`, for updates."""

    @functools.wraps(original)
    def update_configuration(self: _Moto, config_updates: Mapping[str, Any]) -> _Moto:
        self.logging_config = dict(config_updates.get("LoggingConfig") or self.logging_config)
        self.dead_letter_config = dict(
            config_updates.get("DeadLetterConfig") or self.dead_letter_config
        )
        return original(self, config_updates)

    return update_configuration


def _report_configuration(
    original: Callable[..., dict[str, Any]],
) -> Callable[..., dict[str, Any]]:
    """As `_keep_configuration`, for what clients read."""

    @functools.wraps(original)
    def get_configuration(self: _Moto, *args: object, **kwargs: object) -> dict[str, Any]:
        configuration = original(self, *args, **kwargs)
        configuration["LoggingConfig"] = {
            "LogFormat": LogFormat.TEXT,
            **self.logging_config,
            "LogGroup": log_group_of(self),
        }
        if self.dead_letter_config:
            configuration["DeadLetterConfig"] = self.dead_letter_config
        return configuration

    return get_configuration


def _freeze_version(original: Callable[..., _Moto]) -> Callable[..., _Moto]:
    """Moto's versions share their mutable parts with $LATEST, so an update reached into them.

    It also forgets to note the first publication, and published an unchanged function again.
    """

    @functools.wraps(original)
    def publish_version(self: _Moto, name_or_arn: str, description: str = "") -> _Moto:
        latest = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
        published = original(self, name_or_arn, description)
        latest.code_or_config_updated = False
        if published is not None:
            for name in (
                "code",
                "environment_vars",
                "layers",
                "tags",
                "logging_config",
                "dead_letter_config",
            ):
                setattr(published, name, copy.deepcopy(getattr(published, name)))
        return published

    return publish_version


def _run_for_moto(invoker: _Invoker, original: Callable[..., bytes]) -> Callable[..., bytes]:
    """Moto's other services (SNS, SQS, EventBridge, logs) invoke functions inside the process."""

    @functools.wraps(original)
    def invoke(
        self: _Moto,
        body: str,
        request_headers: Mapping[str, str],
        response_headers: MutableMapping[str, str],
    ) -> bytes:
        invocation = invoker.run(self, (body or "{}").encode(), self.function_arn)
        if invocation.function_error:
            response_headers["x-amz-function-error"] = invocation.function_error
        return invocation.payload

    return invoke


def _run_for_clients(invoker: _Invoker, original: Callable[..., _Moto]) -> Callable[..., _Moto]:
    """Moto needs Docker to run a function, ignores the qualifier, and calls every error Handled."""

    @functools.wraps(original)
    def invoke(self: _Moto) -> tuple[int, dict[str, str], bytes]:
        name, qualifier = _called(self)
        function = self.backend.get_function(name, qualifier)
        arn = _arn_of(function) + (f":{qualifier}" if qualifier else "")
        payload = (self.body or "{}").encode()
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        _check(payload, _MAX_ASYNCHRONOUS_BYTES if kind == "Event" else MAX_PAYLOAD_BYTES)
        if kind == "DryRun":
            return _answer(HTTPStatus.NO_CONTENT)
        if kind == "Event":
            invoker.submit(function, payload, arn)
            return _answer(HTTPStatus.ACCEPTED)
        context = self.headers.get("X-Amz-Client-Context", "")
        try:
            invocation = invoker.run(function, payload, arn, context)
        except (InvalidArchiveError, TooManyRequestsError, UnsupportedFunctionError) as error:
            raise _RefusedError(*_REFUSALS[type(error)], str(error)) from error
        headers = {"X-Amz-Executed-Version": invocation.executed_version}
        if invocation.function_error:
            headers["X-Amz-Function-Error"] = invocation.function_error
        if self.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = invocation.log_tail()
        return _answer(HTTPStatus.OK, invocation.payload, headers)

    return amz_crc32(invoke)  # type: ignore[no-any-return]


def _called(response: _Moto) -> tuple[str, str | None]:
    """Return the function's name or ARN, and the qualifier from wherever the client put it."""
    name = unquote(response.path.rsplit("/", 2)[-2])
    qualifier = parse_qs(response.parsed_url.query).get("Qualifier", [None])[0]
    name = name.partition(":function:")[2] or name
    name, _, in_name = name.partition(":")
    return name, qualifier or in_name or None


def _check(payload: bytes, limit: int) -> None:
    if len(payload) > limit:
        raise _RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "RequestTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
        )
    try:
        json.loads(payload)
    except ValueError as error:
        raise _RefusedError(
            HTTPStatus.BAD_REQUEST,
            "InvalidRequestContentException",
            f"Could not parse request body into json: {error}",
        ) from error


def _answer(
    status: HTTPStatus, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    return (
        status,
        {"status": str(int(status)), "content-type": "application/json", **(headers or {})},
        body,
    )
