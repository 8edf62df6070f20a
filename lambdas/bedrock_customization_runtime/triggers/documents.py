"""The document of a queue in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.s3 import objects
from bedrock_customization_runtime.triggers.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 20
"""Of a change: a thousand files that come at once ask a thousand times."""


def load(s3: S3Client, uri: str) -> tuple[Queue, objects.Version | None]:
    """Return a queue and the version it was read from; an empty one where there is none yet."""
    version = objects.read_version(s3, uri)
    return _decoded(version.body if version else None), version


def save(s3: S3Client, uri: str, queue: Queue, *, replaces: objects.Version | None) -> None:
    """Write a queue over the version that was read.

    Raises:
        VersionConflictError: It changed since.
    """
    body = msgspec.json.encode(queue)
    if replaces is None or replaces.body != body:
        objects.write_version(s3, uri, body, "application/json", replaces=replaces)


def change(s3: S3Client, uri: str, made: Callable[[Queue], Queue]) -> Queue:
    """Change a queue whoever else does at the same time; return what it is now.

    Raises:
        ManifestConflict: Others were faster each time.
    """

    def anew(body: bytes | None) -> tuple[bytes | None, Queue]:
        before = _decoded(body)
        after = made(before)
        return (None if after == before else msgspec.json.encode(after)), after

    return objects.update(s3, uri, anew, attempts=_ATTEMPTS)


def _decoded(body: bytes | None) -> Queue:
    return msgspec.json.decode(body, type=Queue) if body else Queue()
