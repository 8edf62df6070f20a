"""A repository of a hub that speaks the API of huggingface.co, pinned to a commit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from bedrock_customization_runtime.contract.model_import import REPOSITORY
from bedrock_customization_runtime.errors import InvalidInput, ModelSourceRefused
from bedrock_customization_runtime.model_import.sources.hub_requests import HubRequests, Range
from bedrock_customization_runtime.model_import.sources.pinned import Pinned, SourceFile
from bedrock_customization_runtime.weights.folder import File

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bedrock_customization_runtime.contract import HubSource

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LICENCE = re.compile(r"license:([\w.-]{1,80})", re.ASCII)
"""A tag, by which the hub tells what a model's page says of its licence."""
_MOST_FILES = 10_000


class _LargeFile(msgspec.Struct):
    sha256: str
    size: int


class _Sibling(msgspec.Struct, rename={"name": "rfilename", "blob_id": "blobId"}):
    name: str
    size: int | None = None
    blob_id: str | None = None
    lfs: _LargeFile | None = None


class _Repository(msgspec.Struct):
    sha: str
    siblings: list[_Sibling]
    tags: list[str] = []


class HubRepository:
    """A repository at one commit.

    Args:
        requests: Asks the hub.
        repo: Name of the repository.
        pinned: What was found when the run first looked.
    """

    def __init__(self, requests: HubRequests, repo: str, pinned: Pinned) -> None:
        self._requests = requests
        self._repo = repo
        self.pinned = pinned
        self._by_name = {file.name: file for file in pinned.files}

    @classmethod
    def look(cls, requests: HubRequests, source: HubSource) -> HubRepository:
        """Find out what a revision is now.

        Raises:
            InvalidInput: The name is none of a repository.
            ModelSourceRefused: There is no such repository or revision, it may not be read, or the
                hub's answer makes no sense.
            ModelSourceUnavailable: The hub does not answer now.
        """
        repo, revision = source["repo"], source["revision"]
        if not re.fullmatch(REPOSITORY, repo):
            raise InvalidInput(
                f"repo must look like organization/model, got {repo!r}: take it from the model's "
                "page"
            )
        path = f"/api/models/{repo}/revision/{quote(revision, safe='')}?blobs=true"
        try:
            found = msgspec.json.decode(requests.document(path), type=_Repository)
        except msgspec.DecodeError as error:
            raise ModelSourceRefused(
                f"{requests.host} does not list {repo} as the Hub's API does ({error}): check "
                "endpoint"
            ) from None
        if not _COMMIT.fullmatch(found.sha) or len(found.siblings) > _MOST_FILES:
            raise ModelSourceRefused(
                f"{requests.host} lists {repo} with {len(found.siblings):,} files and no commit of "
                "40 hexadecimal digits, or with more than "
                f"{_MOST_FILES:,} files: import a repository that holds one model"
            )
        pinned = Pinned(
            kind="hub",
            location=f"{requests.endpoint}/{repo}",
            revision=found.sha,
            licence=_licence(found.tags),
            files=[_file(one, repo) for one in found.siblings],
        )
        return cls(requests, repo, pinned)

    def files(self) -> Sequence[File]:
        """Return all files of the commit."""
        return [File(file.name, file.size) for file in self.pinned.files]

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return some bytes of a file."""
        return b"".join(self.pieces(name, start, length))

    def pieces(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """Yield some bytes of a file as they come; a broken connection is resumed where it broke.

        Raises:
            ModelSourceUnavailable: The hub does not answer now.
            ModelSourceRefused: The file is not there, or may not be read.
            ModelCorrupted: The hub serves another size or digest than it lists.
            SourceChanged: The file changes while it is read.
        """
        file = self._by_name[name]
        commit = self.pinned.revision
        path = f"/{self._repo}/resolve/{commit}/{quote(name, safe='/')}"
        end = min(start + length, file.size)
        if start < end:
            yield from self._requests.pieces(path, file, Range(start, end), commit=commit)


def _licence(tags: Sequence[str]) -> str | None:
    return next((named[1] for tag in tags if (named := _LICENCE.fullmatch(tag))), None)


def _file(one: _Sibling, repo: str) -> SourceFile:
    size = one.lfs.size if one.lfs else one.size
    if size is None or size < 0 or (one.lfs and not _SHA256.fullmatch(one.lfs.sha256)):
        raise ModelSourceRefused(
            f"the hub lists {one.name!r} of {repo} without a size or a digest: check endpoint"
        )
    if one.lfs:
        return SourceFile(name=one.name, size=size, sha256=one.lfs.sha256)
    is_blob = one.blob_id is not None and _COMMIT.fullmatch(one.blob_id)
    return SourceFile(name=one.name, size=size, git_sha1=one.blob_id if is_blob else None)
