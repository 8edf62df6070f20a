"""What the hub answers: models and their files, who may read them, ranges of bytes.

Small files are answered by the hub itself, behind a redirect to a path of its own; large ones by
another host, behind a redirect to a signed address. Callers must follow both, and take their token
along only to the first.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote

from bedrock_customization_local.cloud.hub.repositories import Access

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bedrock_customization_local.cloud.hub.repositories import Commit, Repository, StoredFile

_REPOSITORY = r"(?P<repository>[^/]+(?:/[^/]+)?)"
_MODEL = re.compile(rf"/api/models/{_REPOSITORY}(?:/revision/(?P<revision>[^/]+))?")
_TREE = re.compile(rf"/api/models/{_REPOSITORY}/tree/(?P<revision>[^/]+)")
_RESOLVE = re.compile(rf"/{_REPOSITORY}/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
_CACHED = re.compile(
    rf"/api/resolve-cache/models/{_REPOSITORY}/(?P<revision>[0-9a-f]{{40}})/(?P<file>.+)"
)
_LARGE = re.compile(r"/repos/[0-9a-f]{2}/(?P<sha256>[0-9a-f]{64})")
_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")
_SIGNED_SECONDS = 3600
_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a file, as the body of an answer."""

    path: Path
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; its length is the body's.

    Args:
        status: HTTP status.
        headers: Without Content-Length.
        body: What a GET gets; a HEAD gets its length.
    """

    status: HTTPStatus
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Slice = b""

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self.body.length if isinstance(self.body, Slice) else len(self.body)


class _RefusedError(Exception):
    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = refusal(status, code, message)


class Tokens:
    """Who asks: everyone with a token is somebody, one of them was granted access.

    Attributes:
        granted: Reads every repository.
        stranger: Valid, but granted nothing.
    """

    def __init__(self) -> None:
        self.granted = f"hf_{secrets.token_hex(17)}"
        self.stranger = f"hf_{secrets.token_hex(17)}"


class HubApi:
    """The hub's own host.

    Args:
        repositories: By name; it may grow.
        tokens: Who may read what.
        cdn: Signs the addresses of large files.
    """

    def __init__(
        self, repositories: Mapping[str, Repository], tokens: Tokens, cdn: ContentDelivery
    ) -> None:
        self._repositories, self._tokens, self._cdn = repositories, tokens, cdn

    def answer(
        self, path: str, query: str, headers: Mapping[str, str], *, is_trusting: bool = False
    ) -> Answer:
        """Answer GET; HEAD is the same without the body.

        Args:
            path: As it arrived, quoted.
            query: As it arrived.
            headers: By lower-case name.
            is_trusting: Whether all may read everything: how a host answers that has no right to.
        """
        token = self._tokens.granted if is_trusting else _bearer(headers)
        try:
            self._check(token)
            if found := _CACHED.fullmatch(path):
                commit, file = self._file(found, token)
                answer = content(file, f'"{file.etag}"', headers)
                return replace(answer, headers={**answer.headers, "X-Repo-Commit": commit.sha})
            if found := _TREE.fullmatch(path):
                return self._tree(found, token)
            if found := _MODEL.fullmatch(path):
                return self._model(found, token, with_blobs="blobs" in parse_qs(query))
            if found := _RESOLVE.fullmatch(path):
                return self._resolve(found, token)
        except _RefusedError as refused:
            return refused.answer
        return refusal(HTTPStatus.NOT_FOUND, "", "Not Found")

    def _check(self, token: str | None) -> None:
        if token not in {None, self._tokens.granted, self._tokens.stranger}:
            raise _RefusedError(
                HTTPStatus.UNAUTHORIZED, "", "Invalid credentials in Authorization header"
            )

    def _model(self, found: re.Match[str], token: str | None, *, with_blobs: bool) -> Answer:
        repository = self._repository(found, token)
        commit = _commit(repository, unquote(found["revision"] or "main"))
        owner = repository.name.partition("/")[0]
        return _json(
            {
                "_id": commit.sha[:24],
                "id": repository.name,
                "modelId": repository.name,
                "author": owner,
                "sha": commit.sha,
                "private": repository.access is Access.PRIVATE,
                "gated": "manual" if repository.access is Access.GATED else False,
                "disabled": False,
                "tags": [f"license:{commit.license}"] if commit.license else [],
                "siblings": [
                    {"rfilename": name, **(_blob(file) if with_blobs else {})}
                    for name, file in commit.files.items()
                ],
            }
        )

    def _tree(self, found: re.Match[str], token: str | None) -> Answer:
        """List all files, folders in folders too: callers ask for nothing else."""
        commit = _commit(self._repository(found, token), unquote(found["revision"]))
        return _json(
            [
                {"type": "file", "path": name, "oid": file.blob_id, "size": file.size}
                | ({"lfs": _lfs(file) | {"oid": file.sha256}} if file.sha256 else {})
                for name, file in commit.files.items()
            ]
        )

    def _resolve(self, found: re.Match[str], token: str | None) -> Answer:
        commit, file = self._file(found, token)
        linked = {
            "X-Repo-Commit": commit.sha,
            "X-Linked-Size": str(file.size),
            "X-Linked-ETag": f'"{file.etag}"',
        }
        if file.sha256 is not None:
            return Answer(
                HTTPStatus.FOUND, {**linked, "Location": self._cdn.signed_url(file.sha256)}
            )
        name = f"{found['repository']}/{commit.sha}/{found['file']}"
        location = f"/api/resolve-cache/models/{name}?{quote(found.string, safe='')}="
        return Answer(HTTPStatus.TEMPORARY_REDIRECT, {**linked, "Location": location})

    def _file(self, found: re.Match[str], token: str | None) -> tuple[Commit, StoredFile]:
        repository = self._repository(found, token)
        if repository.access is Access.GATED and token != self._tokens.granted:
            known = HTTPStatus.UNAUTHORIZED if token is None else HTTPStatus.FORBIDDEN
            raise _RefusedError(
                known, "GatedRepo", f"Access to model {repository.name} is restricted."
            )
        commit = _commit(repository, unquote(found["revision"]))
        file = commit.files.get(unquote(found["file"]))
        if file is None:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "EntryNotFound", "Entry not found")
        return commit, file

    def _repository(self, found: re.Match[str], token: str | None) -> Repository:
        repository = self._repositories.get(unquote(found["repository"]))
        is_hidden = (
            repository is not None
            and repository.access is Access.PRIVATE
            and token != self._tokens.granted
        )
        if repository is None or is_hidden:
            if token is None:  # nobody learns by asking which private ones there are
                raise _RefusedError(
                    HTTPStatus.UNAUTHORIZED, "RepoNotFound", "Invalid username or password."
                )
            raise _RefusedError(HTTPStatus.NOT_FOUND, "RepoNotFound", "Repository not found")
        return repository


class ContentDelivery:
    """The host of large files, which knows no tokens: whoever has a signed address may read.

    Args:
        repositories: By name; they may grow.
        url: Where it listens, without a slash at the end.
    """

    def __init__(self, repositories: Mapping[str, Repository], url: str) -> None:
        self._repositories, self._url = repositories, url
        self._secret = secrets.token_bytes(32)

    def signed_url(self, sha256: str) -> str:
        """Return an address at which a file can be read for an hour."""
        path, expires = f"/repos/{sha256[:2]}/{sha256}", str(int(time.time()) + _SIGNED_SECONDS)
        return f"{self._url}{path}?Expires={expires}&Signature={self._signature(path, expires)}"

    def answer(self, path: str, query: str, headers: Mapping[str, str]) -> Answer | None:
        """Answer GET; None for what is no large file's address.

        Its ETag is its own and no digest that the hub tells.
        """
        found = _LARGE.fullmatch(path)
        if found is None:
            return None
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        expires = asked.get("Expires", "")
        signature = asked.get("Signature", "").encode()
        is_signed = hmac.compare_digest(signature, self._signature(path, expires).encode())
        file = self._find(found["sha256"])
        if not is_signed or int(expires) < time.time() or file is None:
            return Answer(
                HTTPStatus.FORBIDDEN,
                {"Content-Type": "application/xml"},
                b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
            )
        return content(file, f'"{found["sha256"][:32]}-1"', headers)

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._secret, f"{path}?{expires}".encode(), hashlib.sha256).hexdigest()

    def _find(self, sha256: str) -> StoredFile | None:
        for repository in list(self._repositories.values()):
            for commit in list(repository.commits.values()):
                for file in commit.files.values():
                    if file.sha256 == sha256:
                        return file
        return None


def content(file: StoredFile, etag: str, headers: Mapping[str, str]) -> Answer:
    """Return a file, or the range of it that is asked for."""
    known = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
    }
    if headers.get("if-match", etag) not in {etag, "*"}:
        return Answer(HTTPStatus.PRECONDITION_FAILED, known)
    found = _RANGE.fullmatch(headers.get("range", ""))
    is_same = headers.get("if-range", etag) == etag
    if found is None or not is_same or not (found["first"] or found["last"]):
        return Answer(HTTPStatus.OK, known, Slice(file.path, 0, file.size))
    last = min(int(found["last"] or file.size - 1), file.size - 1)
    if found["first"]:
        first = int(found["first"])
    else:
        first, last = max(0, file.size - int(found["last"])), file.size - 1
    if first > last:
        return Answer(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            {**known, "Content-Range": f"bytes */{file.size}"},
        )
    return Answer(
        HTTPStatus.PARTIAL_CONTENT,
        {**known, "Content-Range": f"bytes {first}-{last}/{file.size}"},
        Slice(file.path, first, last - first + 1),
    )


def refusal(status: HTTPStatus, code: str, message: str) -> Answer:
    """Return an answer that refuses, as the hub words it.

    Args:
        status: HTTP status.
        code: What X-Error-Code says; empty for none.
        message: For a person.
    """
    headers = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})}
    return _json({"error": message}, status, headers)


def _json(
    value: dict[str, Any] | list[dict[str, Any]],
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    return Answer(status, {"Content-Type": _JSON, **(headers or {})}, json.dumps(value).encode())


def _blob(file: StoredFile) -> dict[str, Any]:
    blob: dict[str, Any] = {"size": file.size, "blobId": file.blob_id}
    if file.sha256 is not None:
        blob["lfs"] = _lfs(file) | {"sha256": file.sha256}
    return blob


def _lfs(file: StoredFile) -> dict[str, Any]:
    return {"size": file.size, "pointerSize": file.pointer_size}


def _commit(repository: Repository, revision: str) -> Commit:
    commit = repository.commit(revision)
    if commit is None:
        raise _RefusedError(HTTPStatus.NOT_FOUND, "RevisionNotFound", f"Invalid rev id: {revision}")
    return commit


def _bearer(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
