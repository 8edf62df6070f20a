"""HTTP/1.1 in front of a WSGI application: connections are kept, each has its own thread.

No server on PyPI fits. werkzeug's closes the connection after each answer. waitress and cheroot
have as many threads as they were given: a few more functions than that, invoked synchronously and
calling the server that waits for them, would wait for ever. Both also drop headers with
underscores, which the metadata of S3 may have. What is hard, HTTP itself, httptools does.
"""

import functools
import io
import logging
import socket
import socketserver
import sys
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
)
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)

from bedrock_customization_local.cloud.loopback_server import LoopbackServer

_Environ = dict[str, Any]
_Headers = list[tuple[str, str]]
_Application = Callable[[_Environ, Callable[..., object]], Iterable[bytes]]

_RECEIVED = 65_536
_SENT_TOGETHER = 65_536
_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}

_log = logging.getLogger(__name__)


class HttpServer(LoopbackServer):
    """Serves an application until it is closed.

    Requests are read to their end before the application is called, and answers are sent whole:
    `wsgi.input` is an `io.BytesIO`, which may be read again.

    Args:
        address: Where to listen: host and port, 0 for a free one.
        application: Answers.

    Raises:
        OSError: The port is taken.
    """

    def __init__(self, address: tuple[str, int], application: _Application) -> None:
        self.application = application
        self._is_hushed = False
        super().__init__(address, _Connection)

    def hush(self) -> None:
        """Log no failure from now on: it is due to the end."""
        self._is_hushed = True

    def close(self) -> None:
        """Accept nothing more and end every connection, idle or not."""
        self.hush()
        super().close()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - socketserver's
        """Log a failure, unless the client is gone: nobody waits for that answer."""
        if not isinstance(sys.exception(), ConnectionError):
            self.log_failure()

    def log_failure(self) -> None:
        """Log the exception that is being handled."""
        if not self._is_hushed:
            _log.exception("a request to the embedded AWS failed")


@dataclass(frozen=True, slots=True)
class _Request:
    environ: _Environ
    keeps_connection: bool


class _Connection(socketserver.BaseRequestHandler):
    """Answers one request after the other until client or server have enough."""

    server: HttpServer
    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host, port = self.client_address[:2]
        reader = _Reader(
            self.request,
            {
                "REMOTE_ADDR": host,
                "REMOTE_PORT": port,
                "SCRIPT_NAME": "",
                "SERVER_NAME": self.server.server_address[0],
                "SERVER_PORT": str(self.server.port),
                "wsgi.errors": sys.stderr,
                "wsgi.input_terminated": True,
                "wsgi.multiprocess": False,
                "wsgi.multithread": True,
                "wsgi.run_once": False,
                "wsgi.url_scheme": "http",
                "wsgi.version": (1, 0),
            },
        )
        while True:
            try:
                request = reader.read()
            except HttpParserCallbackError:
                raise
            except (HttpParserError, HttpParserUpgrade):
                self._send(_status(HTTPStatus.BAD_REQUEST), [], b"", keeps_connection=False)
                return
            if request is None:
                return
            self._answer(request)
            if not request.keeps_connection:
                return

    def _answer(self, request: _Request) -> None:
        try:
            status, headers, body = _call(self.server.application, request.environ)
        except Exception:  # noqa: BLE001 - whatever it is, the client must not wait for ever
            self.server.log_failure()
            status, headers, body = _status(HTTPStatus.INTERNAL_SERVER_ERROR), [], b""
        self._send(
            status,
            headers,
            body,
            keeps_connection=request.keeps_connection,
            is_head=request.environ["REQUEST_METHOD"] == "HEAD",
        )

    def _send(
        self,
        status: str,
        headers: _Headers,
        body: bytes,
        *,
        keeps_connection: bool,
        is_head: bool = False,
    ) -> None:
        lines = [f"HTTP/1.1 {status}", f"Date: {formatdate(usegmt=True)}"]
        has_body = not is_head and int(status[:3]) not in _BODILESS
        # The answer to HEAD tells the length of a body that is not there.
        lines += [
            f"{name}: {value}"
            for name, value in headers
            if not has_body or name.lower() != "content-length"
        ]
        if has_body:
            lines.append(f"Content-Length: {len(body)}")
        if not keeps_connection:
            lines.append("Connection: close")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        if not has_body:
            self.request.sendall(head)
        elif len(body) < _SENT_TOGETHER:
            self.request.sendall(head + body)
        else:
            self.request.sendall(head)
            self.request.sendall(body)


class _Reader:
    """Reads requests off a connection; the methods named `on_` are httptools' protocol.

    Args:
        connection: The connection.
        constants: What the environment of each request begins with.
    """

    def __init__(self, connection: socket.socket, constants: _Environ) -> None:
        self._connection, self._constants = connection, constants
        self._parser = HttpRequestParser(self)
        self._complete: deque[_Request] = deque()
        self._target = b""
        self._method = ""
        self._headers: _Headers = []
        self._body: list[bytes] = []
        self._waits_for_word = False

    def read(self) -> _Request | None:
        """Return the next request; None once the client has ended the connection."""
        while not self._complete:
            received = self._connection.recv(_RECEIVED)
            if not received:
                return None
            self._parser.feed_data(received)
            if self._waits_for_word and not self._complete:
                self._connection.sendall(_GO_ON)
            self._waits_for_word = False
        return self._complete.popleft()

    def on_message_begin(self) -> None:
        self._target, self._headers, self._body = b"", [], []

    def on_url(self, piece: bytes) -> None:
        self._target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._method = self._parser.get_method().decode()
        self._waits_for_word = any(name.lower() == "expect" for name, _ in self._headers)

    def on_body(self, piece: bytes) -> None:
        self._body.append(piece)

    def on_message_complete(self) -> None:
        keeps = self._parser.should_keep_alive() and self._parser.get_http_version() != "1.0"
        self._complete.append(_Request(self._environ(), keeps))

    def _environ(self) -> _Environ:
        target = self._target.decode("latin-1")
        if not target.startswith("/"):  # a whole URL, as a proxy gets it
            target = "/" + target.partition("://")[2].partition("/")[2]
        path, _, query = target.partition("?")
        environ = {
            **self._constants,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in path else path,
            "QUERY_STRING": query,
            "RAW_URI": target,
            "REQUEST_METHOD": self._method,
            "REQUEST_URI": target,
            "SERVER_PROTOCOL": "HTTP/1.1",
            **_variables(self._headers),
        }
        body = b"".join(self._body)
        environ["wsgi.input"] = io.BytesIO(body)
        if environ.pop("HTTP_TRANSFER_ENCODING", None) or body:
            environ["CONTENT_LENGTH"] = str(len(body))
        return environ


def _variables(headers: _Headers) -> _Environ:
    """Return headers as WSGI's variables, in which `_` and `-` are the same.

    moto wants to know the names of S3's metadata as they were sent; other headers with an
    underscore, which could be mistaken for the one with a hyphen, are dropped as everywhere.
    """
    variables: _Environ = {}
    underscored: _Headers = []
    for name, value in headers:
        if "_" in name:
            underscored.append((name, value))
        else:
            _add(variables, _variable_of(name), value)
    names: dict[str, str] = {}
    for name, value in underscored:
        variable = _variable_of(name)
        is_free = variable not in variables or variable in names
        if is_free and should_preserve_original_header_name(name):
            names.setdefault(variable, name)
            _add(variables, variable, value)
    variables[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = names
    return variables


_variable_of = functools.lru_cache(maxsize=1024)(environ_key_for_header)


def _add(variables: _Environ, variable: str, value: str) -> None:
    known = variables.get(variable)
    variables[variable] = value if known is None else f"{known},{value}"


def _call(application: _Application, environ: _Environ) -> tuple[str, _Headers, bytes]:
    """Return what an application answers."""
    status, headers = "", []
    body: list[bytes] = []

    def start_response(line: str, fields: _Headers, _failure: object = None) -> Callable[..., None]:
        nonlocal status, headers
        status, headers = line, fields
        return body.append

    answer = application(environ, start_response)
    try:
        body.extend(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return status, headers, b"".join(body)


def _status(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"
