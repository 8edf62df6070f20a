"""Repositories of models: folders of this machine with the digests that the Hub tells of files."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAIN = "main"
_LARGE_SUFFIXES = frozenset(
    {".bin", ".gguf", ".h5", ".model", ".onnx", ".pt", ".pth", ".safetensors"}
)
_LARGE_BYTES = 10 * 1024 * 1024
_READ_BYTES = 1024 * 1024
_METADATA = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)
_LICENSE = re.compile(r"^license: *(\S+)$", re.MULTILINE)


class Access(StrEnum):
    """Who may read a repository."""

    PUBLIC = "public"
    GATED = "gated"
    """Anyone sees what it holds; whoever was granted access gets the files."""
    PRIVATE = "private"
    """To others it does not exist."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """A file of a commit.

    Args:
        path: Where it is on this machine.
        size: Bytes.
        blob_id: Git's SHA-1 of the blob: of a large file, of the pointer that stands for it.
        sha256: Of the content of a large file, which Git LFS keeps; None for others.
        pointer_size: Bytes of the pointer; 0 without one.
    """

    path: Path
    size: int
    blob_id: str
    sha256: str | None = None
    pointer_size: int = 0

    @property
    def etag(self) -> str:
        """The digest that identifies the content."""
        return self.sha256 or self.blob_id


@dataclass(frozen=True, slots=True)
class Commit:
    """A state of a repository.

    Args:
        sha: Forty hexadecimal digits.
        files: By name, in the order of names.
        license: As the metadata of its README.md name it.
    """

    sha: str
    files: Mapping[str, StoredFile]
    license: str | None = None


@dataclass(slots=True)
class Repository:
    """A repository.

    Args:
        name: `owner/name`.
        access: Who may read it.
        commits: By their digest.
        revisions: Digests of the commits that branches and tags point at.
    """

    name: str
    access: Access
    commits: dict[str, Commit] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)

    def commit(self, revision: str) -> Commit | None:
        """Return what a branch, a tag or a commit's digest means; None for nothing."""
        return self.commits.get(self.revisions.get(revision, revision))


def read_commit(folder: Path) -> Commit:
    """Return the files of a folder as a commit; the same files give the same commit.

    Args:
        folder: It is read again when files are asked for, so it may not change.

    Raises:
        OSError: It cannot be read.
    """
    paths = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    files = {name: _stored(paths[name]) for name in sorted(paths)}
    listing = "".join(f"{file.blob_id} {name}\n" for name, file in files.items())
    return Commit(_sha1(listing.encode()), files, _license(paths.get("README.md")))


def _license(readme: Path | None) -> str | None:
    """Return what the YAML block at the beginning of a model's page says."""
    found = _METADATA.match(readme.read_text(encoding="utf-8")) if readme else None
    named = _LICENSE.search(found[1]) if found else None
    return named[1] if named else None


def _stored(path: Path) -> StoredFile:
    size = path.stat().st_size
    sha256, blob = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
    blob.update(f"blob {size}\0".encode())
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            sha256.update(piece)
            blob.update(piece)
    if PurePosixPath(path.name).suffix not in _LARGE_SUFFIXES and size < _LARGE_BYTES:
        return StoredFile(path=path, size=size, blob_id=blob.hexdigest())
    digest = sha256.hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n"
    return StoredFile(
        path=path,
        size=size,
        blob_id=_sha1(f"blob {len(pointer)}\0{pointer}".encode()),
        sha256=digest,
        pointer_size=len(pointer),
    )


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
