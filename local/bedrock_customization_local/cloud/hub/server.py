"""`Hub`: the two hosts on loopback, what they were asked, and what goes wrong there.

On the standard library's server, not on `cloud.http_server`: that one sends answers whole from
memory, and these are files of any size, which sometimes break off in the middle.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Self, cast

from bedrock_customization_local.cloud.hub.api import (
    Answer,
    ContentDelivery,
    HubApi,
    Slice,
    Tokens,
    refusal,
)
from bedrock_customization_local.cloud.hub.faults import (
    OF_BODIES,
    Host,
    HubFault,
    HubFaultKind,
    HubFaults,
)
from bedrock_customization_local.cloud.hub.repositories import (
    MAIN,
    Access,
    Repository,
    read_commit,
)
from bedrock_customization_local.cloud.loopback_server import LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

_RESET_WHEN_CLOSED = struct.pack("ii", 1, 0)
_REFUSALS = {
    HubFaultKind.UNAUTHORIZED: (HTTPStatus.UNAUTHORIZED, "RepoNotFound"),
    HubFaultKind.FORBIDDEN: (HTTPStatus.FORBIDDEN, "GatedRepo"),
    HubFaultKind.NOT_FOUND: (HTTPStatus.NOT_FOUND, "EntryNotFound"),
    HubFaultKind.THROTTLE: (HTTPStatus.TOO_MANY_REQUESTS, ""),
    HubFaultKind.SERVER_ERROR: (HTTPStatus.INTERNAL_SERVER_ERROR, ""),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenRequest:
    """A request that a host got.

    Args:
        host: Which one.
        method: GET or HEAD.
        path: Without the query.
        headers: By lower-case name.
        status: What it was answered with.
    """

    host: Host
    method: str
    path: str
    headers: Mapping[str, str]
    status: int


class Hub:
    """A model hub on loopback; it runs from when it is made until it is closed.

    Attributes:
        faults: What goes wrong on purpose.

    Raises:
        OSError: There is no port to listen on.
    """

    def __init__(self) -> None:
        self.faults = HubFaults()
        self._repositories: dict[str, Repository] = {}
        self._tokens = Tokens()
        self._requests: list[SeenRequest] = []
        self._hub = _Server(partial(self._answer, Host.HUB))
        self._cdn = _Server(partial(self._answer, Host.CDN))
        self._delivery = ContentDelivery(self._repositories, self.cdn_url)
        self._api = HubApi(self._repositories, self._tokens, self._delivery)
        self._hub.start()
        self._cdn.start()

    def __enter__(self) -> Self:
        """Return the running hub."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    @property
    def url(self) -> str:
        """The hub's address, which takes the place of `https://huggingface.co`."""
        return f"http://127.0.0.1:{self._hub.port}"

    @property
    def cdn_url(self) -> str:
        """The other host's address."""
        return f"http://localhost:{self._cdn.port}"

    @property
    def token(self) -> str:
        """The token of somebody who may read every repository; another one for each hub."""
        return self._tokens.granted

    @property
    def stranger_token(self) -> str:
        """The token of somebody who was granted nothing."""
        return self._tokens.stranger

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """What both hosts were asked, in order."""
        return tuple(self._requests)

    def publish(
        self, name: str, folder: Path, *, revision: str = MAIN, access: Access = Access.PUBLIC
    ) -> str:
        """Make a folder a commit of a repository, and let a branch or tag point at it.

        Earlier commits can still be asked for by their digests.

        Args:
            name: `owner/name`.
            folder: The files. They are read again whenever they are asked for: leave them as they
                are, and publish another folder instead.
            revision: Branch or tag.
            access: Who may read the repository from now on.

        Returns:
            The commit's digest; the same files give the same one.

        Raises:
            OSError: The folder cannot be read.
        """
        commit = read_commit(folder)
        repository = self._repositories.setdefault(name, Repository(name, access))
        repository.access = access
        repository.commits[commit.sha] = commit
        repository.revisions[revision] = commit.sha
        return commit.sha

    def close(self) -> None:
        """End both hosts and their connections."""
        self._hub.close()
        self._cdn.close()

    def _answer(
        self, host: Host, method: str, target: str, headers: Mapping[str, str]
    ) -> tuple[Answer, HubFault | None]:
        path, _, query = target.partition("?")
        answer = self._delivery.answer(path, query, headers) if host is Host.CDN else None
        if answer is None:
            answer = self._api.answer(path, query, headers, is_trusting=host is Host.CDN)
        has_body = method == "GET" and answer.length > 0
        fault = self.faults.take(host, path, has_body=has_body)
        if fault is not None:
            answer = self._spoilt(answer, fault, target)
        self._requests.append(
            SeenRequest(host=host, method=method, path=path, headers=headers, status=answer.status)
        )
        return answer, fault

    def _spoilt(self, answer: Answer, fault: HubFault, target: str) -> Answer:
        """Return an answer as a fault has it; what happens to bodies happens as they are sent."""
        if fault.kind is HubFaultKind.REDIRECT:
            return Answer(HTTPStatus.FOUND, {"Location": f"{self.cdn_url}{target}"})
        if fault.kind is HubFaultKind.WRONG_SIZE:
            return _oversized(answer)
        if fault.kind in OF_BODIES:
            return answer
        status, code = _REFUSALS[fault.kind]
        refused = refusal(status, code, f"a fault was injected: {fault.kind}")
        if fault.kind is not HubFaultKind.THROTTLE:
            return refused
        return replace(
            refused, headers={**refused.headers, "Retry-After": str(round(fault.seconds))}
        )


def _oversized(answer: Answer) -> Answer:
    headers = dict(answer.headers)
    if "X-Linked-Size" in headers:
        headers["X-Linked-Size"] = str(int(headers["X-Linked-Size"]) + 1)
    body = answer.body
    if isinstance(body, bytes) and body.startswith(b"{"):
        told: dict[str, Any] = json.loads(body)
        for sibling in told.get("siblings", []):
            for sized in (sibling, sibling.get("lfs", {})):
                if "size" in sized:
                    sized["size"] += 1
        body = json.dumps(told).encode()
    return Answer(answer.status, headers, body)


class _Server(LoopbackServer):
    """One host.

    Args:
        answer: Called with method, target and headers of each request.
    """

    def __init__(
        self,
        answer: Callable[[str, str, Mapping[str, str]], tuple[Answer, HubFault | None]],
    ) -> None:
        self.answer = answer
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that go away in the middle are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # status, headers and small bodies leave together

    def do_GET(self) -> None:
        """Answer GET."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer HEAD."""
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: `Hub.requests` tells."""

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        server = cast("_Server", self.server)
        answer, fault = server.answer(self.command, self.path, headers)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(answer.length))
        self.end_headers()
        if self.command == "GET" and answer.length:
            self._send(answer, fault)
        self.wfile.flush()

    def _send(self, answer: Answer, fault: HubFault | None) -> None:
        kind = None if fault is None else fault.kind
        half = answer.length // 2
        if fault is None or kind not in OF_BODIES:
            self._send_part(answer.body, 0, answer.length)
            return
        self._send_part(answer.body, 0, half)
        if kind is HubFaultKind.WRONG_BYTES:
            self.wfile.write(bytes([_byte_at(answer.body, half) ^ 0xFF]))
            half += 1
        elif kind is HubFaultKind.SLOW:
            self.wfile.flush()
            time.sleep(fault.seconds)
        else:
            self._break_off(is_reset=kind is HubFaultKind.RESET)
            return
        self._send_part(answer.body, half, answer.length)

    def _send_part(self, body: bytes | Slice, start: int, end: int) -> None:
        if isinstance(body, bytes):
            self.wfile.write(body[start:end])
        elif start < end:
            self.wfile.flush()
            with body.path.open("rb") as file:
                self.connection.sendfile(file, body.start + start, end - start)

    def _break_off(self, *, is_reset: bool) -> None:
        self.wfile.flush()
        self.close_connection = True
        if is_reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_WHEN_CLOSED)
            # At once: an orderly end would come before the reset.
            socket.close(self.connection.detach())


def _byte_at(body: bytes | Slice, position: int) -> int:
    if isinstance(body, bytes):
        return body[position]
    with body.path.open("rb") as file:
        file.seek(body.start + position)
        return file.read(1)[0]
