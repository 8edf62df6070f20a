"""Stands before moto's server and turns away what a role may not do.

Signatures are not checked: on loopback, the access key alone says who asks.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.exceptions import NotFound

from bedrock_customization_local.cloud.iam.authorizer import AccessDenied
from bedrock_customization_local.cloud.iam.sessions import RoleSessions
from bedrock_customization_local.cloud.untyped import Moto

# `key/date/region/service/aws4_request`, in the header or, of presigned URLs, in the query.
_CREDENTIAL = re.compile(r"Credential=([^/,&]+)/[^/]+/[^/]+/([^/]+)/aws4_request")
# Services that are signed with another name than boto3 knows them by.
_SIGNED_AS: Mapping[str, tuple[str, ...]] = {
    "bedrock": ("bedrock-runtime", "bedrock"),  # what is asked most comes first
    "monitoring": ("cloudwatch",),
    "servicequotas": ("service-quotas",),
    "states": ("stepfunctions",),
}
PARAMETERS = "embedded_aws.parameters"
"""Where a request that was checked holds the parameters that it was parsed to."""

_ERROR_CODES = {"s3": "AccessDenied", "iam": "AccessDenied", "sns": "AuthorizationError"}
_routing = threading.Lock()
_routed: set[str] = set()  # as moto's routes: for good, and of the process
_Environ = dict[str, Any]
_Application = Callable[..., Iterable[bytes]]


class CallAuthorizer(Protocol):
    """Decides whether a role may make a call."""

    def authorize(
        self, *, role_arn: str, service: str, operation: str, parameters: Mapping[str, object]
    ) -> None:
        """Return if it may; raise `AccessDenied` if not."""


def install(authorizer: CallAuthorizer, sessions: RoleSessions) -> Callable[[], None]:
    """Check every request that moto's server gets from a role's session.

    Args:
        authorizer: Decides.
        sessions: Knows the roles' keys; requests with other keys pass unchecked.

    Returns:
        Takes the check away again.
    """
    original: _Application = DomainDispatcherApplication.__call__

    def guarded(
        self: DomainDispatcherApplication, environ: _Environ, start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        role, signed_as = _caller(environ, sessions)
        call = _call(environ, signed_as) if role else None
        if role and call:
            service, operation, parameters = call
            try:
                authorizer.authorize(
                    role_arn=role, service=service, operation=operation, parameters=parameters
                )
            except AccessDenied as error:
                return _refusal(environ, start_response, service, str(error))
            _rewind(environ)
            environ[PARAMETERS] = parameters
        return original(self, environ, start_response)

    DomainDispatcherApplication.__call__ = guarded

    def uninstall() -> None:
        DomainDispatcherApplication.__call__ = original

    return uninstall


def _caller(environ: _Environ, sessions: RoleSessions) -> tuple[str | None, str]:
    text = environ.get("HTTP_AUTHORIZATION") or unquote(environ.get("QUERY_STRING", ""))
    credential = _CREDENTIAL.search(text)
    if credential is None:
        return None, ""
    return sessions.role_of(credential[1]), credential[2]


def _call(environ: _Environ, signed_as: str) -> tuple[str, str, Mapping[str, object]] | None:
    """Return service, operation and parameters of a request; None if moto does not know it."""
    for service in _SIGNED_AS.get(signed_as, (signed_as,)):
        try:
            operation, labels = _operation(service, _request(environ))
        except NotFound:
            continue
        parameters = _parameters(_request(environ), service, operation, labels)
        return service, operation.name, parameters
    return None


def _operation(service: str, request: Request) -> tuple[Any, Mapping[str, str]]:
    """Return the operation that is asked for and the labels of the path.

    The first request makes the routes of its service, which takes a while: once, not in each of the
    threads of a function that asks a lot at once.
    """
    if service in _routed:
        found: tuple[Any, Mapping[str, str]] = get_service_router(service).match(request)
        return found
    with _routing:
        try:
            found = get_service_router(service).match(request)
        finally:
            _routed.add(service)
    return found


def _request(environ: _Environ) -> Request:
    _rewind(environ)
    return Request(dict(environ))


def _rewind(environ: _Environ) -> None:
    """Let the body be read again: the server holds it in memory."""
    environ["wsgi.input"].seek(0)


def _parameters(
    request: Request,
    service: str,
    operation: Moto,
    labels: Mapping[str, str],
) -> Mapping[str, object]:
    # An object's bytes may be gigabytes and say nothing about who may write them.
    has_small_body = service != "s3" or operation.name == "DeleteObjects"
    protocol = determine_request_protocol(get_service_model(service), request.content_type)
    parsed: Mapping[str, object] = PROTOCOL_PARSERS[protocol](operation, map_type=dict).parse(
        {
            "method": request.method,
            "values": request.values if has_small_body else request.args,
            "headers": request.headers,
            "body": request.get_data() if has_small_body else b"",
            "url_path": request.path,
            "url_params": labels,
        }
    )
    return parsed


def _refusal(
    environ: _Environ, start_response: Callable[..., object], service: str, message: str
) -> Iterable[bytes]:
    protocol = str(get_service_model(service).protocol)
    code = _ERROR_CODES.get(service, "AccessDeniedException")
    status = HTTPStatus.BAD_REQUEST if protocol == "json" else HTTPStatus.FORBIDDEN
    if service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    elif protocol in {"query", "rest-xml"}:
        body = (
            "<ErrorResponse><Error><Type>Sender</Type>"
            f"<Code>{code}</Code><Message>{escape(message)}</Message></Error></ErrorResponse>"
        )
    else:
        body = json.dumps({"__type": code, "message": message})
    content = b"" if environ["REQUEST_METHOD"] == "HEAD" else body.encode()
    headers = [("x-amzn-ErrorType", code), ("Content-Length", str(len(content)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [content]
