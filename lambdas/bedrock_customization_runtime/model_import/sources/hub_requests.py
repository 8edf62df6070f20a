"""Requests to a hub: who gets the token, which redirects are followed, what is asked for again.

urllib3's own redirects and retries are off: it would take the token along to another port, and a
range must be resumed where it broke, not from its beginning.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from bedrock_customization_runtime.errors import (
    InvalidInput,
    ModelCorrupted,
    ModelSourceRefused,
    ModelSourceUnavailable,
    SourceChanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from urllib3.response import BaseHTTPResponse

    from bedrock_customization_runtime.model_import.sources.pinned import SourceFile

_ATTEMPTS = 6
"""In a row, without progress."""
_PROGRESS = 64 * 2**10
"""Bytes from which an attempt counts as progress: a byte at a time would go on for ever."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 60.0
_MOST_REDIRECTS = 5
_CHUNK = 2**20
_LONGEST_DOCUMENT = 32 * 2**20
_LARGEST_WITHOUT_RANGES = 64 * 2**20
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({408, 425, 429, *range(500, 600)})
_DENIED = frozenset({401, 403})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_ERROR_CODE = re.compile(r"[A-Za-z]{1,40}")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class Range(NamedTuple):
    """Bytes of a file, from one offset to before another."""

    start: int
    end: int


class _BusyError(Exception):
    """The answer may be another later."""

    def __init__(self, what: str, retry_after: float | None = None) -> None:
        super().__init__(what)
        self.retry_after = retry_after


class HubRequests:
    """Asks one hub; may be shared by threads.

    Args:
        endpoint: URL of the hub: https, or http on this machine.
        token: Who asks; sent to the hub's own scheme, host and port alone.
        pause: Waits so many seconds.

    Attributes:
        endpoint: Without a trailing slash.
        host: As messages call the hub.

    Raises:
        InvalidInput: The endpoint is no such URL.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        token: str | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._own = urlsplit(self.endpoint)
        self.host = self._own.netloc
        if self._own.username is not None or not _may_be_asked(self._own, self._own):
            raise InvalidInput(
                "endpoint must be an https URL without a user, or http on this machine, got one of "
                f"{self._own.scheme}://{self._own.hostname}"
            )
        self._token = token
        self._pause = pause
        self._pool = urllib3.PoolManager(
            maxsize=16,
            retries=False,
            timeout=urllib3.Timeout(connect=10, read=60),
            headers={"User-Agent": "cdk-bedrock-customization", "Accept-Encoding": "identity"},
        )
        # Where the bytes of a file lie, once the hub has said so: it counts what it is asked.
        self._places: dict[str, str] = {}
        self._etags: dict[str, str] = {}

    def document(self, path: str) -> bytes:
        """Return a document of the hub's API.

        Raises:
            ModelSourceRefused: It is not there, may not be read, or is unreasonably long.
            ModelSourceUnavailable: The hub does not answer now.
        """

        def once() -> bytes:
            with self._answer(f"{self.endpoint}{path}", {}) as (answer, _):
                self._check(answer, path)
                body = answer.read(_LONGEST_DOCUMENT + 1, decode_content=False)
            if len(body) > _LONGEST_DOCUMENT:
                raise ModelSourceRefused(
                    f"{self.host} answers {path.partition('?')[0]} with more than "
                    f"{_LONGEST_DOCUMENT:,} bytes: check endpoint"
                )
            if answer.length_remaining:
                raise _BusyError("the answer ended early")
            return body

        for attempt in range(_ATTEMPTS):
            try:
                return once()
            except (HTTPError, _BusyError) as error:
                self._wait(error, attempt + 1, path)
        raise AssertionError("the last attempt returns or raises")

    def pieces(
        self, path: str, file: SourceFile, wanted: Range, *, commit: str | None
    ) -> Iterator[bytes]:
        """Yield bytes of a file as they come; a broken connection is resumed where it broke.

        Args:
            path: Of the file at its commit.
            file: What the hub lists of it.
            wanted: Which bytes.
            commit: What the hub must say it answers from.
        """
        at, failures, gained = wanted.start, 0, 0
        while at < wanted.end:
            try:
                for chunk in self._chunks(path, file, Range(at, wanted.end), commit):
                    at += len(chunk)
                    gained += len(chunk)
                    yield chunk
                self._check_end(at, wanted)
            except (HTTPError, _BusyError) as error:
                failures = 1 if gained >= _PROGRESS else failures + 1
                gained = 0
                self._wait(error, failures, file.name)

    def _chunks(
        self, path: str, file: SourceFile, wanted: Range, commit: str | None
    ) -> Iterator[bytes]:
        headers = {"Range": f"bytes={wanted.start}-{wanted.end - 1}"}
        if path in self._etags:
            headers["If-Range"] = self._etags[path]
        url = self._places.get(path, f"{self.endpoint}{path}")
        with self._answer(url, headers, of_file=(path, file, commit)) as (answer, asked):
            if answer.status in _DENIED and _origin(urlsplit(asked)) != _origin(self._own):
                # A signed address has run out. Other threads find out too, and one of them may
                # know a new one already.
                if self._places.get(path) == asked:
                    self._places.pop(path, None)
                raise _BusyError("the address of the file has run out")
            self._check(answer, file.name)
            self._check_etag(answer, path, file)
            skipped = self._check_range(answer, file, wanted)
            left = wanted.end - wanted.start
            for chunk in answer.stream(_CHUNK, decode_content=False):
                kept = chunk[skipped:][:left]
                skipped = max(0, skipped - len(chunk))
                left -= len(kept)
                if kept:
                    yield kept
                if not left:
                    return

    @contextmanager
    def _answer(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        of_file: tuple[str, SourceFile, str | None] | None = None,
    ) -> Iterator[tuple[BaseHTTPResponse, str]]:
        """Ask, and follow redirects; the token goes to the hub itself alone.

        Yields:
            The answer, and the URL that it is of.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            target = urlsplit(url)
            sent = {**self._pool.headers, **headers}
            if self._token and _origin(target) == _origin(self._own):
                sent["Authorization"] = f"Bearer {self._token}"
            answer = self._pool.request(
                "GET", url, headers=sent, redirect=False, preload_content=False
            )
            is_redirect = answer.status in _REDIRECTS and "Location" in answer.headers
            if of_file and _origin(target) == _origin(self._own) and answer.status < 400:  # noqa: PLR2004 - HTTP's
                _check_listed(answer.headers, *of_file[1:])
            if not is_redirect:
                try:
                    yield answer, url
                finally:
                    # A connection whose answer is not read to its end is of no use to others.
                    answer.close()
                return
            url = self._followed(url, answer.headers["Location"])
            answer.close()
            if of_file and _origin(urlsplit(url)) != _origin(self._own):
                self._places[of_file[0]] = url
        raise ModelSourceRefused(
            f"{self.host} redirects more than {_MOST_REDIRECTS} times: check endpoint"
        )

    def _followed(self, url: str, location: str) -> str:
        try:
            followed = urljoin(url, location)
            target = urlsplit(followed)
            _origin(target)
        except ValueError:
            raise ModelSourceRefused(
                f"{self.host} redirects to what is no URL: check endpoint"
            ) from None
        if not _may_be_asked(target, self._own):
            raise ModelSourceRefused(
                f"{self.host} redirects to {target.scheme}://{target.hostname}, which is not "
                "https: such a redirect is never followed"
            )
        return followed

    def _check(self, answer: BaseHTTPResponse, what: str) -> None:
        """Check that an answer is one.

        Raises:
            _BusyError: It may be, later.
        """
        status = answer.status
        if status in {200, 206}:
            return
        given = answer.headers.get("X-Error-Code", "")
        code = f" {given}" if _ERROR_CODE.fullmatch(given) else ""
        what = what.partition("?")[0]
        if status in _BUSY:
            raise _BusyError(f"status {status}{code}", _retry_after(answer.headers))
        if status in _DENIED:
            remedy = (
                "let the token's owner accept the conditions of the model on the hub's page"
                if given == "GatedRepo"
                else "check that the token may read it"
                if self._token
                else "name a token, if it is private or gated"
            )
            raise ModelSourceRefused(f"{self.host} denies {what} ({status}{code}): {remedy}")
        if status == 404:  # noqa: PLR2004 - HTTP's
            raise ModelSourceRefused(
                f"{self.host} has no {what} ({status}{code}): check repo and revision, and name a "
                "token if it is private"
            )
        raise ModelSourceRefused(f"{self.host} answers {what} with {status}{code}: check endpoint")

    def _check_end(self, at: int, wanted: Range) -> None:
        if at < wanted.end:
            raise _BusyError("the answer ended early")

    def _check_etag(self, answer: BaseHTTPResponse, path: str, file: SourceFile) -> None:
        etag = answer.headers.get("ETag")
        if etag is None or etag.startswith("W/"):
            return
        if self._etags.setdefault(path, etag) != etag:
            raise SourceChanged(
                f"{file.name} changed on {self.host} while it was read: start a new run"
            )

    def _check_range(self, answer: BaseHTTPResponse, file: SourceFile, wanted: Range) -> int:
        """Return how many bytes come before those that are wanted."""
        if answer.status == 206:  # noqa: PLR2004 - HTTP's
            stated = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            first, last, total = map(int, stated.groups()) if stated else (-1, -1, -1)
            if total != file.size:
                raise _another_size(self.host, file, total)
            if (first, last + 1) != wanted:
                raise ModelSourceRefused(
                    f"{self.host} answers other bytes of {file.name} than it was asked for: check "
                    "endpoint"
                )
            return 0
        length = answer.headers.get("Content-Length")
        if length is not None and int(length) != file.size:
            raise _another_size(self.host, file, int(length))
        if file.size > _LARGEST_WITHOUT_RANGES:
            raise ModelSourceRefused(
                f"{self.host} does not answer ranges of {file.name}, which has {file.size:,} "
                "bytes: use a hub, or a mirror, that does"
            )
        return wanted.start

    def _wait(self, error: HTTPError | _BusyError, failures: int, what: str) -> None:
        """Wait before another attempt, or give up."""
        # urllib3 quotes addresses, and those of files are signed: its text goes nowhere.
        said = str(error) if isinstance(error, _BusyError) else type(error).__name__
        if failures >= _ATTEMPTS:
            raise ModelSourceUnavailable(
                f"{self.host} did not answer {what.partition('?')[0]} {failures} times in a row "
                f"({said}): redrive the run later, what was copied is kept"
            ) from None
        doubled = _FIRST_PAUSE_SECONDS * 2 ** (failures - 1)
        asked = error.retry_after if isinstance(error, _BusyError) else None
        self._pause(min(max(doubled, asked or 0.0), _LONGEST_PAUSE_SECONDS))


def _check_listed(headers: Mapping[str, str], file: SourceFile, commit: str | None) -> None:
    """Check what the hub itself says of a file against what it has listed."""
    said = headers.get("X-Repo-Commit")
    if said is not None and said != commit:
        raise SourceChanged(
            f"the hub answers {file.name} from commit {said[:40]}, not {commit}: start a new run"
        )
    size = headers.get("X-Linked-Size")
    if size is not None and size != str(file.size):
        raise ModelCorrupted(
            f"the hub lists {file.name} with {file.size:,} bytes and serves {size[:20]}: redrive "
            "the run, or choose another revision"
        )
    digest = headers.get("X-Linked-ETag", "").strip('"')
    if digest and file.sha256 and digest != file.sha256:
        raise ModelCorrupted(
            f"the hub lists {file.name} with SHA-256 {file.sha256} and serves another: redrive "
            "the run, or choose another revision"
        )


def _another_size(host: str, file: SourceFile, size: int) -> ModelCorrupted:
    return ModelCorrupted(
        f"{host} lists {file.name} with {file.size:,} bytes and serves {size:,}: redrive the run, "
        "or choose another revision"
    )


def _may_be_asked(target: SplitResult, own: SplitResult) -> bool:
    """Tell whether an address is safe: https, or for a hub on this machine, this machine."""
    if not target.hostname:
        return False
    if target.scheme == "https":
        return True
    both = {target.hostname, own.hostname}
    return target.scheme == own.scheme == "http" and both <= _LOOPBACK


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or {"https": 443, "http": 80}.get(url.scheme)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    stated = headers.get("Retry-After", "")
    return float(stated) if stated.isdecimal() and len(stated) < 6 else None  # noqa: PLR2004 - a day
