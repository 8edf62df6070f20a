"""As much of S3 as the drivers of data preparation ask for, on a folder: objects of gigabytes.

moto copies an object for each range of it that somebody asks for. python folder_s3.py <folder>
prints its URL, and answers until it is ended.
"""

from __future__ import annotations

import os
import shutil
import sys
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_PIECE = 2**20


class _Store:
    """Objects as files, and the entity tag of each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = Lock()
        self._numbers = count(1)
        self._tags: dict[str, str] = {}

    def new(self) -> Path:
        """Return a file of its own, to be filled."""
        return self.folder / f"{next(self._numbers)}"

    def keep(self, key: str, file: Path) -> str:
        """Let a file be an object; return its entity tag."""
        self._tags[key] = f'"{md5(str(file).encode(), usedforsecurity=False).hexdigest()}"'
        file.rename(self._path(key))
        return self._tags[key]

    def find(self, key: str) -> tuple[Path, str] | None:
        """Return an object's file and its entity tag."""
        return (self._path(key), self._tags[key]) if key in self._tags else None

    def _path(self, key: str) -> Path:
        return self.folder / md5(key.encode(), usedforsecurity=False).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: _Store

    def do_HEAD(self) -> None:
        self._get(with_body=False)

    def do_GET(self) -> None:
        self._get(with_body=True)

    def do_PUT(self) -> None:
        key, query = self._asked()
        file = self.store.new()
        with file.open("wb") as body:
            self._receive(body)
        if "uploadId" in query:
            part = Path(f"{self.store.folder}/{query['uploadId']}.{int(query['partNumber']):05}")
            file.rename(part)
            self._answer(200, {"ETag": f'"{part.name}"'})
            return
        with self.store.lock:
            found = self.store.find(key)
            if self._refused(found):
                self._error(412, "PreconditionFailed")
                return
            self._answer(200, {"ETag": self.store.keep(key, file)})

    def do_POST(self) -> None:
        key, query = self._asked()
        self._receive(None)
        if "uploads" in query:
            upload = self.store.new().name
            self._answer(200, body=f"<R><UploadId>{upload}</UploadId></R>")
            return
        first, *rest = sorted(self.store.folder.glob(f"{query['uploadId']}.*"))
        with first.open("ab") as whole:
            for part in rest:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, whole, _PIECE)
                part.unlink()
        with self.store.lock:
            tag = self.store.keep(key, first)
        self._answer(200, body=f"<R><ETag>{tag}</ETag></R>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        return unquote(parts.path), {name: values[0] for name, values in query.items()}

    def _receive(self, body: object) -> None:
        left = int(self.headers.get("Content-Length") or 0)
        while left and (piece := self.rfile.read(min(left, _PIECE))):
            left -= len(piece)
            if body is not None:
                body.write(piece)  # type: ignore[attr-defined]

    def _refused(self, found: tuple[Path, str] | None) -> bool:
        wanted = self.headers.get("If-Match")
        if wanted is not None and (found is None or found[1] != wanted):
            return True
        return self.headers.get("If-None-Match") == "*" and found is not None

    def _get(self, *, with_body: bool) -> None:
        found = self.store.find(self._asked()[0])
        if found is None:
            self._error(404, "NoSuchKey")
            return
        if self._refused(found):
            self._error(412, "PreconditionFailed")
            return
        path, tag = found
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start, end, status = 0, size, 200
            if asked := self.headers.get("Range"):
                first, _, last = asked.removeprefix("bytes=").partition("-")
                start, end, status = int(first), min(int(last) + 1, size), 206
            self._answer(status, {"ETag": tag}, length=end - start)
            if with_body:
                self.wfile.flush()
                while start < end:
                    sent = os.sendfile(self.connection.fileno(), file.fileno(), start, end - start)
                    start += sent

    def _error(self, status: int, code: str) -> None:
        self._answer(status, body=f"<Error><Code>{code}</Code></Error>")

    def _answer(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,
        *,
        body: str = "",
        length: int | None = None,
    ) -> None:
        text = f"{_XML}{body}".encode() if body else b""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text) if length is None else length))
        self.end_headers()
        if text and self.command != "HEAD":
            self.wfile.write(text)


def main() -> None:
    """Serve."""
    _Handler.store = _Store(Path(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
