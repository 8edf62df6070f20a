"""Puts an embedded Bedrock behind moto's HTTP: `bedrock` and `bedrock-runtime` answer from it.

moto serves both planes with stubs: jobs never end, InvokeModel answers nothing, an ARN in a path is
not decoded. Its router matches decoded paths, in which an ARN's slashes look like further segments,
so requests are routed here by the path as it arrived. Service Quotas tell the account's quotas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote
from uuid import uuid4

from moto.bedrock import urls as bedrock_urls
from moto.bedrockagent.responses import AgentsforBedrockResponse
from moto.bedrockruntime import urls as runtime_urls
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request
from moto.core.responses import ActionResult, BaseResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from bedrock_customization_local.cloud.bedrock import service_quotas
from bedrock_customization_local.cloud.bedrock.errors import ServiceError
from bedrock_customization_local.cloud.bedrock.shapes import (
    CONTROL_PLANE,
    DATA_PLANE,
    error_status,
    service_model,
)
from bedrock_customization_local.cloud.iam import guard

if TYPE_CHECKING:
    from bedrock_customization_local.cloud.bedrock.service import Bedrock
    from bedrock_customization_local.cloud.untyped import Moto

_LABEL = re.compile(r"\{(?P<name>\w+)(?P<greedy>\+?)\}")
_NOT_IMPLEMENTED = 501
_CONVERSE, _CONVERSE_PATH = "Converse", "/converse"
_Environ = dict[str, Any]
_Application = Callable[[_Environ, Callable[..., object]], Iterable[bytes]]


def install(bedrock: Bedrock) -> Callable[[], None]:
    """Answer moto's Bedrock requests from `bedrock`.

    Before the first request: moto keeps the routes that it found then.

    Returns:
        Undoes it.
    """
    router = _Router()

    def answer(request: Request, url: str, headers: Moto) -> Moto:
        return _Response(bedrock, router).answer(request, url, headers)

    tables = (bedrock_urls.url_paths, runtime_urls.url_paths)
    before = [dict(table) for table in tables]
    for table in tables:
        for path, handler in list(table.items()):
            if getattr(handler, "__self__", None) is not AgentsforBedrockResponse:
                table[path] = answer

    restore_quotas = service_quotas.install(bedrock.quotas, bedrock.place)
    restore_dispatch = _shorten_the_way_of_converse(bedrock, router)

    def uninstall() -> None:
        restore_dispatch()
        restore_quotas()
        for table, paths in zip(tables, before, strict=True):
            table.clear()
            table.update(paths)

    return uninstall


def _shorten_the_way_of_converse(bedrock: Bedrock, router: _Router) -> Callable[[], None]:
    """Answer Converse without moto's dispatch and serializing, which take longer than the answer.

    An evaluation asks tens of thousands of times. Requests are parsed and checked as all others.
    """
    original = DomainDispatcherApplication.get_application

    def get_application(self: DomainDispatcherApplication, environ: _Environ) -> _Application:
        path: str = environ.get("PATH_INFO", "")
        if environ["REQUEST_METHOD"] == "POST" and path.endswith(_CONVERSE_PATH):
            found = router.match("POST", Request(environ).raw_path)
            if found is not None and found[1] == _CONVERSE:
                return _Converse(bedrock, found[2])
        return cast("_Application", original(self, environ))

    DomainDispatcherApplication.get_application = get_application

    def restore() -> None:
        DomainDispatcherApplication.get_application = original

    return restore


class _Converse:
    """One call of Converse as a WSGI application."""

    def __init__(self, bedrock: Bedrock, labels: Mapping[str, str]) -> None:
        self._bedrock, self._labels = bedrock, labels

    def __call__(self, environ: _Environ, start_response: Callable[..., object]) -> Iterable[bytes]:
        status, headers = HTTPStatus.OK, {"x-amzn-RequestId": str(uuid4())}
        try:
            body = json.dumps(self._bedrock.call(_CONVERSE, self._parameters(environ)))
        except ServiceError as error:
            status = HTTPStatus(error_status(_CONVERSE, error.code))
            headers["x-amzn-errortype"] = error.code
            body = json.dumps({"message": error.message})
        content = body.encode()
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
        start_response(f"{status.value} {status.phrase}", list(headers.items()))
        return [content]

    def _parameters(self, environ: _Environ) -> Mapping[str, Any]:
        if guard.PARAMETERS in environ:
            return {**environ[guard.PARAMETERS], **self._labels}
        request = Request(environ)
        operation = service_model(DATA_PLANE).operation_model(_CONVERSE)
        parsed: Mapping[str, Any] = PROTOCOL_PARSERS["rest-json"](operation, map_type=dict).parse(
            {
                "method": "POST",
                "values": request.args,
                "headers": request.headers,
                "body": request.get_data(cache=False),
                "url_path": request.path,
                "url_params": self._labels,
            }
        )
        return parsed


class _Router:
    """Finds the operation of a request by its method and the path as it arrived."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], str, str]] = []
        for service in (CONTROL_PLANE, DATA_PLANE):
            model = service_model(service)
            for operation in model.operation_names:
                http = model.operation_model(operation).http
                path = _LABEL.sub(_group, http["requestUri"].split("?")[0])
                self._routes.append((http["method"], re.compile(f"{path}/?"), service, operation))

    def match(self, method: str, path: str) -> tuple[str, str, dict[str, str]] | None:
        """Return service, operation and the path's labels; None for no operation."""
        for wanted, pattern, service, operation in self._routes:
            found = pattern.fullmatch(path) if wanted == method else None
            if found:
                labels = {name: unquote(value) for name, value in found.groupdict().items()}
                return service, operation, labels
        return None


class _Response(BaseResponse):
    """moto's parsing and serializing, around one call of the embedded Bedrock."""

    def __init__(self, bedrock: Bedrock, router: _Router) -> None:
        super().__init__(service_name=CONTROL_PLANE)
        self.automated_parameter_parsing = True
        self._bedrock, self._router = bedrock, router
        self._operation = ""

    def answer(self, request: Request, url: str, headers: Moto) -> Moto:
        """Answer a request."""
        found = self._router.match(request.method, request.raw_path)
        if found is None:
            return _NOT_IMPLEMENTED, {}, f"{request.method} {request.path} is not emulated"
        self.service_name, self._operation, labels = found
        self._labels = labels
        self.setup_class(request, url, headers)
        try:
            return self.serialized(ActionResult(self._bedrock.call(self._operation, self.params)))
        except ServiceError as error:
            return self._refusal(error)

    def _refusal(self, error: ServiceError) -> Moto:
        """Answer with an error; moto's own way knows no codes beyond the service's model."""
        headers = self.response_headers | {
            "x-amzn-errortype": error.code,
            "content-type": "application/json",
        }
        return (
            error_status(self._operation, error.code),
            headers,
            json.dumps({"message": error.message}),
        )

    def _get_action(self) -> str:
        self.uri_match = self._labels
        return self._operation


def _group(label: re.Match[str]) -> str:
    return f"(?P<{label['name']}>{'.+' if label['greedy'] else '[^/]+'})"
