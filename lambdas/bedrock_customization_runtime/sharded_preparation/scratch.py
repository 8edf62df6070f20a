"""What the steps of one preparation hand to each other, in S3."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from bedrock_customization_runtime.s3 import objects, streams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from numpy.typing import NDArray

_Document = TypeVar("_Document", bound=msgspec.Struct)
_BINARY = "application/octet-stream"


class Scratch:
    """A prefix in S3 and what lies below it.

    Args:
        s3: Client.
        uri: The prefix, without a trailing slash.
    """

    def __init__(self, s3: S3Client, uri: str) -> None:
        self.s3 = s3
        self.uri = uri

    def shard(self, number: int) -> Scratch:
        """Return what one shard keeps."""
        return Scratch(self.s3, f"{self.uri}/shards/{number:05}")

    def bucket(self, number: int) -> Scratch:
        """Return what one bucket of signatures keeps."""
        return Scratch(self.s3, f"{self.uri}/buckets/{number:05}")

    def write(self, name: str, document: msgspec.Struct) -> None:
        """Write a document."""
        body = msgspec.json.encode(document)
        objects.write(self.s3, self._uri(name), body, "application/json")

    def read(self, name: str, kind: type[_Document]) -> _Document:
        """Return a document."""
        return msgspec.json.decode(objects.read(self.s3, self._uri(name)), type=kind)

    def find(self, name: str, kind: type[_Document]) -> _Document | None:
        """Return a document, None if nobody wrote it."""
        found = objects.read_version(self.s3, self._uri(name))
        return None if found is None else msgspec.json.decode(found.body, type=kind)

    def write_lines(self, name: str, lines: Iterator[bytes]) -> None:
        """Write bytes that lie one after the other."""
        streams.write_lines(self.s3, self._uri(name), lines)

    def read_lines(self, name: str) -> Iterator[bytes]:
        """Yield lines, without holding them all."""
        rest = b""
        for chunk in streams.PinnedObject(self.s3, self._uri(name)).chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole

    def read_bytes(self, name: str, start: int, end: int) -> bytes:
        """Return a part of what is there, from one offset to before another."""
        return objects.read_range(self.s3, self._uri(name), start, end)

    def save(self, name: str, **arrays: NDArray[Any]) -> None:
        """Write arrays, each by its name."""
        body = BytesIO()
        np.savez(body, **arrays)  # type: ignore[arg-type] # none is called allow_pickle
        objects.write(self.s3, self._uri(name), body.getvalue(), _BINARY)

    def load(self, name: str) -> dict[str, NDArray[Any]]:
        """Return arrays by their names."""
        with np.load(BytesIO(objects.read(self.s3, self._uri(name))), allow_pickle=False) as found:
            return dict(found)

    def _uri(self, name: str) -> str:
        return f"{self.uri}/{name}"
