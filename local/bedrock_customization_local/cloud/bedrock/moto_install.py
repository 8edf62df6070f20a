"""Puts an embedded Bedrock behind moto's HTTP: `bedrock` and `bedrock-runtime` answer from it.

moto serves both planes with stubs: jobs never end, InvokeModel answers nothing, an ARN in a path is
not decoded. Its router matches decoded paths, in which an ARN's slashes look like further segments,
so requests are routed here by the path as it arrived. Service Quotas tell the account's quotas.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.bedrock import urls as bedrock_urls
from moto.bedrockagent.responses import AgentsforBedrockResponse
from moto.bedrockruntime import urls as runtime_urls
from moto.core.responses import ActionResult, BaseResponse

from bedrock_customization_local.cloud.bedrock import service_quotas
from bedrock_customization_local.cloud.bedrock.errors import ServiceError
from bedrock_customization_local.cloud.bedrock.shapes import (
    CONTROL_PLANE,
    DATA_PLANE,
    error_status,
    service_model,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.request import Request

    from bedrock_customization_local.cloud.bedrock.service import Bedrock

_LABEL = re.compile(r"\{(?P<name>\w+)(?P<greedy>\+?)\}")
_NOT_IMPLEMENTED = 501


def install(bedrock: Bedrock) -> Callable[[], None]:
    """Answer moto's Bedrock requests from `bedrock`.

    Before the first request: moto keeps the routes that it found then.

    Returns:
        Undoes it.
    """
    router = _Router()

    def answer(request: Request, url: str, headers: Any) -> Any:  # noqa: ANN401 - moto's handlers
        return _Response(bedrock, router).answer(request, url, headers)

    tables = (bedrock_urls.url_paths, runtime_urls.url_paths)
    before = [dict(table) for table in tables]
    for table in tables:
        for path, handler in list(table.items()):
            if getattr(handler, "__self__", None) is not AgentsforBedrockResponse:
                table[path] = answer

    restore_quotas = service_quotas.install(bedrock.quotas, bedrock.place)

    def uninstall() -> None:
        restore_quotas()
        for table, paths in zip(tables, before, strict=True):
            table.clear()
            table.update(paths)

    return uninstall


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

    def answer(self, request: Request, url: str, headers: Any) -> Any:  # noqa: ANN401 - moto's answer
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

    def _refusal(self, error: ServiceError) -> Any:  # noqa: ANN401 - moto's answer
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
