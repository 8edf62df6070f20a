"""What a run imports, exactly: the source as it was when the run first looked at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_runtime.weights.folder import File


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a model, and by what it is known to be the same."""

    name: str
    """Relative to the model's folder."""
    size: int
    """In bytes."""
    sha256: str | None = None
    """As a hub lists it."""
    git_sha1: str | None = None
    """Of a file that git itself holds, and a hub lists by its blob."""
    etag: str | None = None
    """Of an object in S3."""


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """A source as it was when the run first looked at it; all later steps read exactly this."""

    kind: Literal["hub", "s3", "archive"]
    location: str
    """For people: URL of the repository, or S3 URI."""
    revision: str | None = None
    """Commit of a repository; entity tag of an archive."""
    licence: str | None = None
    """As the record of a repository names it."""
    files: list[SourceFile]


class Source(Protocol):
    """A pinned model folder, as `weights` inspects it."""

    pinned: Pinned

    def files(self) -> Sequence[File]:
        """Return all files."""
        ...

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return some bytes of a file.

        Raises:
            ModelSourceUnavailable: The source does not answer now.
            ModelSourceRefused: It never will.
            SourceChanged: The file is no longer what was pinned.
        """
        ...
