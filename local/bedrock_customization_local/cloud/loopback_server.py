"""A server of threads whose connections end when it does; what it answers, others decide."""

from __future__ import annotations

import os
import socket
import socketserver
import threading
from contextlib import suppress
from functools import partial
from typing import Any

_POLL_SECONDS = 0.02


class LoopbackServer(socketserver.ThreadingTCPServer):
    """Serves connections, each in a thread of its own, until it is closed.

    Args:
        address: Where to listen: host and port, 0 for a free one.
        handler: Answers a connection.

    Raises:
        OSError: The port is taken.
    """

    allow_reuse_address = os.name == "posix"  # elsewhere it would take a port that is in use
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler]
    ) -> None:
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, handler)
        serve = partial(self.serve_forever, _POLL_SECONDS)
        self._thread = threading.Thread(target=serve, name=type(self).__name__, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{self.server_address[0]!s}:{self.port}"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def close(self) -> None:
        """Accept nothing more and end every connection, idle or not."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):  # the client was faster
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Remember a new connection."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - socketserver's
        """Forget a connection that ended."""
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)
