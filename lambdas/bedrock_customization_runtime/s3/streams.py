"""Large objects in S3 as streams: read one pinned version, resumed where it breaks; write lines."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import RawIOBase
from typing import IO, TYPE_CHECKING, TypeVar, cast

import msgspec
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from bedrock_customization_runtime.errors import InvalidInput, SourceChanged
from bedrock_customization_runtime.s3.file_record import FileRecord
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Future

    from mypy_boto3_s3 import S3Client
    from s3transfer.manager import TransferManager

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")
_CHUNK = 2**20
_PART = 64 * 2**20
"""Bytes asked for at a time: each request checks again that the object is still the same."""
_PIECE = 8 * 2**20
"""Bytes asked for at a time where several requests run at once."""
_AT_A_TIME = 8
_ATTEMPTS_WITHOUT_PROGRESS = 5
_MISSING = {"404", "NoSuchKey", "NoSuchBucket"}
_FORBIDDEN = {"403", "AccessDenied"}
_CHANGED = {"412", "PreconditionFailed", *_MISSING}


class ObjectVersion(msgspec.Struct, frozen=True, kw_only=True):
    """An object as it was at some time."""

    etag: str
    size: int
    """In bytes."""


class PinnedObject:
    """An object as it was when it was first looked at.

    Args:
        s3: Client.
        uri: Where it is.
        version: What it was when somebody else looked; without it, what it is now.

    Attributes:
        uri: Where it is.
        size: In bytes.
        version: What it is pinned to.

    Raises:
        InvalidInput: There is none, or it may not be read.
    """

    def __init__(self, s3: S3Client, uri: str, *, version: ObjectVersion | None = None) -> None:
        self._s3 = s3
        self.uri = uri
        try:
            self._where = S3Uri.parse(uri)
            self.version = version or _version_of(s3, self._where)
        except ValueError as error:
            raise InvalidInput(f"source: {error}") from None
        except ClientError as error:
            raise unreadable(uri, error) or error from None
        self.size = self.version.size
        self._digest = sha256()

    @property
    def sha256(self) -> str:
        """Digest of what `chunks` has yielded."""
        return self._digest.hexdigest()

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the object's bytes once; a broken connection is resumed where it broke.

        Args:
            start: Where to begin.
            end: Where to stop; without it, at the object's end.

        Raises:
            SourceChanged: The object was overwritten or deleted meanwhile.
        """
        for chunk in self._resumed(start, self.size if end is None else end):
            self._digest.update(chunk)
            yield chunk
        self.check_unchanged()

    def read(self, start: int, end: int) -> bytes:
        """Return some of the object's bytes.

        Raises:
            SourceChanged: The object was overwritten or deleted meanwhile.
        """
        return b"".join(self._resumed(start, end))

    def digest(self) -> str:
        """Return the SHA-256 digest of the whole object, read by several requests at a time.

        Raises:
            SourceChanged: The object was overwritten or deleted meanwhile.
        """
        digest = sha256()
        pieces = ((at, min(at + _PIECE, self.size)) for at in range(0, self.size, _PIECE))
        # As many as saturate a function's network: what is held comes to what staging has left.
        for piece in concurrently(lambda ends: self._filled(*ends), pieces, at_a_time=4):
            digest.update(piece)
        self.check_unchanged()
        return digest.hexdigest()

    def _filled(self, start: int, end: int) -> bytearray:
        """Return some of the object's bytes, which are never held twice."""
        filled, at = bytearray(end - start), 0
        for chunk in self._resumed(start, end):
            filled[at : at + len(chunk)] = chunk
            at += len(chunk)
        return filled

    def _resumed(self, offset: int, end: int) -> Iterator[bytes]:
        failures = 0
        while offset < end:
            try:
                for chunk in self._part(offset, min(offset + _PART, end)):
                    offset += len(chunk)
                    failures = 0
                    yield chunk
            except (HTTPClientError, IncompleteReadError):
                failures += 1
                if failures == _ATTEMPTS_WITHOUT_PROGRESS:
                    raise

    def _part(self, offset: int, end: int) -> Iterator[bytes]:
        try:
            found = self._s3.get_object(
                Bucket=self._where.bucket,
                Key=self._where.key,
                Range=f"bytes={offset}-{end - 1}",
                IfMatch=self.version.etag,
            )
        except ClientError as error:
            raise self._changed(error) or error from None
        yield from found["Body"].iter_chunks(_CHUNK)

    def check_unchanged(self) -> None:
        """Check that the object is still the same.

        Raises:
            SourceChanged: It was overwritten or deleted meanwhile.
        """
        try:
            self._s3.head_object(
                Bucket=self._where.bucket, Key=self._where.key, IfMatch=self.version.etag
            )
        except ClientError as error:
            raise self._changed(error) or error from None

    def _changed(self, error: ClientError) -> SourceChanged | None:
        if error.response["Error"]["Code"] not in _CHANGED:
            return None
        return SourceChanged(
            f"{self.uri} was overwritten or deleted while it was read: start the run again when "
            "uploads to it are finished"
        )


def concurrently(
    function: Callable[[_Given], _Found],
    arguments: Iterable[_Given],
    *,
    at_a_time: int = _AT_A_TIME,
) -> Generator[_Found, None, None]:
    """Yield what a function returns for each argument, in order, a few calls ahead of the reader.

    Args:
        function: Waits for S3; called on other threads.
        arguments: One for each call.
        at_a_time: Calls.
    """
    with ThreadPoolExecutor(at_a_time) as pool:
        running: deque[Future[_Found]] = deque()
        try:
            for argument in arguments:
                running.append(pool.submit(function, argument))
                if len(running) > at_a_time:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()


def write_lines(s3: S3Client, uri: str, lines: Iterable[bytes]) -> FileRecord:
    """Write lines as one object, without holding them all.

    Args:
        s3: Client.
        uri: Where to.
        lines: JSON, each with its line feed.

    Returns:
        What was written.
    """
    where = S3Uri.parse(uri)
    reader = _LineReader(lines)
    with _transfers(s3) as transfers:
        transfers.upload(
            cast("IO[bytes]", reader),
            where.bucket,
            where.key,
            extra_args={"ContentType": "application/jsonl"},
        ).result()
    return FileRecord(
        uri=uri, sha256=reader.digest.hexdigest(), bytes=reader.size, records=reader.count
    )


def fetch(s3: S3Client, uri: str, file: IO[bytes]) -> None:
    """Copy an object into a file."""
    where = S3Uri.parse(uri)
    with _transfers(s3) as transfers:
        transfers.download(where.bucket, where.key, file).result()


def _transfers(s3: S3Client) -> TransferManager:
    """Return what uploads in parts and downloads in ranges.

    One at a time: a function's memory is for records, not for parts in flight.
    """
    from boto3.s3.transfer import (  # noqa: PLC0415 - a fifth of the cold start, for writers only
        TransferConfig,
        create_transfer_manager,
    )

    return create_transfer_manager(s3, TransferConfig(use_threads=False))


class _LineReader(RawIOBase):
    """Lines as a file that can be read once, forward."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._rest = b""
        self.digest = sha256()
        self.size = 0
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        parts = [self._rest]
        held = len(self._rest)
        while size < 0 or held < size:
            line = next(self._lines, None)
            if line is None:
                break
            self.digest.update(line)
            self.size += len(line)
            self.count += 1
            parts.append(line)
            held += len(line)
        data = b"".join(parts)
        if size < 0:
            size = held
        self._rest = data[size:]
        return data[:size]


def _version_of(s3: S3Client, where: S3Uri) -> ObjectVersion:
    found = s3.head_object(Bucket=where.bucket, Key=where.key)
    return ObjectVersion(etag=found["ETag"], size=found["ContentLength"])


def unreadable(uri: str, error: ClientError) -> InvalidInput | None:
    """Return what S3's refusal means for who named the source, None if it is another error."""
    code = error.response["Error"]["Code"]
    if code in _MISSING:
        return InvalidInput(
            f"source {uri} does not exist: upload the data there first, or correct the URI"
        )
    if code in _FORBIDDEN:
        return InvalidInput(
            f"source {uri} does not exist or may not be read: upload the data below incoming/ of "
            "the pipeline's data bucket, or let its preparation function read bucket and key"
        )
    return None
