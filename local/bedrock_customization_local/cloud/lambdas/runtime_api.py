"""The Runtime API that one sandbox's process talks to: events out, answers and errors in."""

import contextlib
import json
import socket
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from queue import SimpleQueue
from threading import Thread

_PREFIX = "/2018-06-01/runtime/"
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""The largest event and answer of a synchronous invocation."""
_JSON = "application/json"


class Signal(Enum):
    """What a sandbox reports while somebody waits for it."""

    IDLE = auto()
    RESPONSE = auto()
    ERROR = auto()
    INIT_ERROR = auto()
    TOO_LARGE = auto()
    EXITED = auto()
    TIMED_OUT = auto()
    OUT_OF_MEMORY = auto()


@dataclass(frozen=True, slots=True)
class Report:
    """One signal and, of answers and errors, the JSON document that came with it."""

    signal: Signal
    payload: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One invocation, as `/invocation/next` hands it out.

    Args:
        request_id: Lambda's id of the invocation.
        payload: The event, as JSON.
        deadline_ms: When the sandbox is killed, in milliseconds since the epoch.
        invoked_arn: The ARN that was called, with its qualifier if one was given.
        trace_id: The X-Ray trace header.
        client_context: The caller's client context, as JSON; empty for none.
    """

    request_id: str
    payload: bytes = field(repr=False)
    deadline_ms: int
    invoked_arn: str
    trace_id: str
    client_context: str = ""


class RuntimeApi:
    """Serves the Runtime API to one sandbox on a loopback port of its own.

    The port tells sandboxes apart: the runtimes take a host and a port, never a path.
    """

    def __init__(self) -> None:
        self.events: SimpleQueue[Event | None] = SimpleQueue()
        self.reports: SimpleQueue[Report] = SimpleQueue()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        host, port = self._listener.getsockname()
        self.address = f"{host}:{port}"
        Thread(target=self._accept, name=f"runtime-api-{port}", daemon=True).start()

    def close(self) -> None:
        """Stop answering; a process that still waits for an event is turned away."""
        if self._closed:
            return
        self._closed = True
        self.events.put(None)
        # Closing a listening socket does not wake accept() everywhere; a connection does.
        with contextlib.suppress(OSError):
            socket.create_connection(self._listener.getsockname(), timeout=1).close()

    def _accept(self) -> None:
        with self._listener:
            while True:
                connection, address = self._listener.accept()
                if self._closed:
                    connection.close()
                    return
                Thread(target=self._serve, args=(connection, address), daemon=True).start()

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        # A killed process leaves its connection half-way through a request.
        with connection, contextlib.suppress(ConnectionError):
            _Handler(connection, address, self)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without these two every answer waits 40 ms, twice, for a delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def __init__(
        self, connection: socket.socket, address: tuple[str, int], api: RuntimeApi
    ) -> None:
        self._api = api
        self._request_id = ""
        # The base class needs its server only to hand it on.
        super().__init__(connection, address, api)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self.path != f"{_PREFIX}invocation/next":
            self._answer(HTTPStatus.NOT_FOUND)
            return
        self._api.reports.put(Report(Signal.IDLE))
        event = self._api.events.get()
        if event is None:
            self.close_connection = True
            self._answer(HTTPStatus.GONE)
            return
        self._request_id = event.request_id
        headers = {
            "Lambda-Runtime-Aws-Request-Id": event.request_id,
            "Lambda-Runtime-Deadline-Ms": str(event.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": event.invoked_arn,
            "Lambda-Runtime-Trace-Id": event.trace_id,
        }
        if event.client_context:
            headers["Lambda-Runtime-Client-Context"] = event.client_context
        self._answer(HTTPStatus.OK, event.payload, headers)

    def do_POST(self) -> None:
        payload = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        signal = {
            f"{_PREFIX}init/error": Signal.INIT_ERROR,
            f"{_PREFIX}invocation/{self._request_id}/response": Signal.RESPONSE,
            f"{_PREFIX}invocation/{self._request_id}/error": Signal.ERROR,
        }.get(self.path)
        if signal is None:
            error = {"errorType": "InvalidRequestID", "errorMessage": f"unknown: {self.path}"}
            self._answer(HTTPStatus.BAD_REQUEST, json.dumps(error).encode())
            return
        if len(payload) > MAX_PAYLOAD_BYTES:
            self._api.reports.put(Report(Signal.TOO_LARGE))
        else:
            self._api.reports.put(Report(signal, payload))
        self._answer(HTTPStatus.ACCEPTED, b'{"status":"OK"}')

    def _answer(
        self, status: HTTPStatus, body: bytes = b"{}", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": _JSON, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the sandbox's own log is the record."""
