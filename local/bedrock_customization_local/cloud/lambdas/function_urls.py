"""Function URLs: HTTP requests become events of a function, its answer the response.

An address is `<endpoint>/function-url/<id>/` instead of a host name of its own, which no name
server knows here. Events are of payload format 2.0, buffered; CORS is not emulated.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl

from moto.awslambda.models import FunctionUrlConfig
from moto.core.request import Request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from bedrock_customization_local.cloud.iam import AccessDenied, Permission
from bedrock_customization_local.cloud.iam.sessions import RoleSessions

_PREFIX = "/function-url/"
_CREDENTIAL = re.compile(r"Credential=([^/,]+)/")
_TEXT = re.compile(r"text/.*|application/(?:json|javascript|xml)")
# moto ships no types: its objects are Any wherever they are passed on.
_Moto = Any
_Environ = dict[str, Any]
_Start = Callable[..., object]


class RightsOfRoles(Protocol):
    """Decides whether a role has a permission."""

    def require(self, role_arn: str, needed: Permission) -> None:
        """Return if it has; raise `AccessDenied` if not."""


def install(
    *, endpoint_url_of: Callable[[], str], rights: RightsOfRoles, sessions: RoleSessions
) -> Callable[[], None]:
    """Serve the function URLs that moto only keeps.

    Args:
        endpoint_url_of: Returns where the embedded AWS listens.
        rights: Decides on signed requests of roles; people's keys may do everything.
        sessions: Knows the roles' keys.

    Returns:
        Takes the patches back.
    """
    addresses = _Addresses(rights, sessions)
    undo = ExitStack()
    make, serve = FunctionUrlConfig.__init__, DomainDispatcherApplication.__call__

    def with_address(self: _Moto, function: _Moto, config: Mapping[str, Any]) -> None:
        make(self, function, config)
        self.url = f"{endpoint_url_of()}{_PREFIX}{addresses.add(self)}/"

    def with_function_urls(
        self: _Moto, environ: _Environ, start_response: _Start
    ) -> Iterable[bytes]:
        if not str(environ.get("PATH_INFO", "")).startswith(_PREFIX):
            return serve(self, environ, start_response)  # type: ignore[no-any-return]
        return addresses.answer(environ, start_response)

    FunctionUrlConfig.__init__ = with_address
    undo.callback(setattr, FunctionUrlConfig, "__init__", make)
    DomainDispatcherApplication.__call__ = with_function_urls
    undo.callback(setattr, DomainDispatcherApplication, "__call__", serve)
    return undo.close


class _RefusedError(Exception):
    """A request that reaches no function."""


class _Addresses:
    """Every function URL by its id."""

    def __init__(self, rights: RightsOfRoles, sessions: RoleSessions) -> None:
        self._rights = rights
        self._sessions = sessions
        self._configs: dict[str, _Moto] = {}

    def add(self, config: _Moto) -> str:
        """Keep a URL and return its id."""
        name = hashlib.sha256(config.function.function_arn.encode()).hexdigest()[:32]
        self._configs[name] = config
        return name

    def answer(self, environ: _Environ, start_response: _Start) -> Iterable[bytes]:
        """Invoke the function, or say why not."""
        request = Request(environ)
        name, _, path = request.path.removeprefix(_PREFIX).partition("/")
        config = self._configs.get(name)
        # A URL that was deleted, or whose function was, is one that never was.
        if config is None or config.function.url_config is not config:
            return _respond(start_response, HTTPStatus.NOT_FOUND, {"Message": "Not Found"})
        try:
            authorizer = self._authorizer(config, request)
        except _RefusedError:
            return _respond(start_response, HTTPStatus.FORBIDDEN, {"Message": "Forbidden"})
        event = _event(request, name, f"/{path}", authorizer)
        headers: dict[str, str] = {}
        payload = config.function.invoke(json.dumps(event), {}, headers)
        if "x-amz-function-error" in headers:
            return _respond(
                start_response, HTTPStatus.BAD_GATEWAY, {"Message": "Internal Server Error"}
            )
        return _respond(start_response, *_response(json.loads(payload)))

    def _authorizer(self, config: _Moto, request: Request) -> dict[str, Any] | None:
        """Return who asks, as Lambda has checked it; None of an address that is open to all."""
        if config.config["AuthType"] == "NONE":
            _require_open(config.function)
            return None
        credential = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        if credential is None:
            raise _RefusedError
        account, key = config.function.account_id, credential[1]
        role = self._sessions.role_of(key)
        user_arn = f"arn:aws:iam::{account}:user/{key}"
        if role is not None:
            name = role.rpartition("/")[2]
            user_arn = f"arn:aws:sts::{account}:assumed-role/{name}/session"
            self._check(role, config.function.function_arn)
        return {"iam": {"accessKey": key, "accountId": account, "userArn": user_arn}}

    def _check(self, role: str, function_arn: str) -> None:
        for action, context in (
            ("lambda:InvokeFunctionUrl", {"lambda:FunctionUrlAuthType": "AWS_IAM"}),
            ("lambda:InvokeFunction", {"lambda:InvokedViaFunctionUrl": "true"}),
        ):
            try:
                self._rights.require(role, Permission(action, function_arn, context))
            except AccessDenied:
                raise _RefusedError from None


def _require_open(function: _Moto) -> None:
    """Check that the function's own policy lets everybody in, as Lambda does."""
    allowed = {
        statement["Action"]
        for statement in function.policy.statements
        if statement["Principal"] == "*"
    }
    if not {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"} <= allowed:
        raise _RefusedError


def _event(
    request: Request, id: str, path: str, authorizer: dict[str, Any] | None
) -> dict[str, Any]:
    query = request.query_string.decode()
    now = datetime.now(UTC)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": id,
            "domainName": request.host,
            "domainPrefix": id,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.remote_addr,
                "userAgent": request.headers.get("User-Agent", ""),
            },
            "requestId": hashlib.sha256(f"{id}{now}".encode()).hexdigest()[:32],
            "routeKey": "$default",
            "stage": "$default",
            "time": f"{now:%d/%b/%Y:%H:%M:%S +0000}",
            "timeEpoch": round(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = _joined(parse_qsl(query, keep_blank_values=True))
    if authorizer:
        event["requestContext"]["authorizer"] = authorizer
        event["requestContext"]["accountId"] = authorizer["iam"]["accountId"]
    body = request.get_data()
    if body:
        is_text = _TEXT.match(request.headers.get("Content-Type", "")) is not None
        # What is not text by its type comes as base64, forms too.
        event["isBase64Encoded"] = not is_text
        event["body"] = body.decode() if is_text else base64.b64encode(body).decode()
    return event


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _response(answer: object) -> tuple[int, object, Mapping[str, str]]:
    """Return status, body and headers of what the function returned."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return HTTPStatus.OK, answer, {}
    body = str(answer.get("body", ""))
    if answer.get("isBase64Encoded"):
        try:
            return answer["statusCode"], base64.b64decode(body), answer.get("headers", {})
        except binascii.Error:
            return HTTPStatus.BAD_GATEWAY, {"Message": "Internal Server Error"}, {}
    return answer["statusCode"], body.encode(), answer.get("headers", {})


def _respond(
    start_response: _Start, status: int, body: object, headers: Mapping[str, str] | None = None
) -> list[bytes]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    known = {"content-type": "application/json"} | {
        name.lower(): str(value) for name, value in (headers or {}).items()
    }
    known["content-length"] = str(len(content))
    start_response(f"{int(status)} {HTTPStatus(status).phrase}", list(known.items()))
    return [content]
