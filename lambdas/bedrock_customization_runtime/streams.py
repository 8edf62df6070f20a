"""Large objects in S3 as streams: read one pinned version, resumed where it breaks; write lines."""

from __future__ import annotations

from hashlib import sha256
from io import RawIOBase
from typing import IO, TYPE_CHECKING, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from bedrock_customization_runtime.errors import InvalidInput, SourceChanged
from bedrock_customization_runtime.manifest import FileRecord
from bedrock_customization_runtime.storage import S3Uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3 import S3Client

_CHUNK = 2**20
_PART = 64 * 2**20
"""Bytes asked for at a time: each request checks again that the object is still the same."""
_ATTEMPTS_WITHOUT_PROGRESS = 5
# One part at a time: a function's memory is for records, not for parts in flight.
_TRANSFER = TransferConfig(use_threads=False)
_MISSING = {"404", "NoSuchKey", "NoSuchBucket"}
_FORBIDDEN = {"403", "AccessDenied"}
_CHANGED = {"412", "PreconditionFailed", *_MISSING}


class PinnedObject:
    """An object as it was when it was first looked at.

    Args:
        s3: Client.
        uri: Where it is.

    Attributes:
        size: In bytes.

    Raises:
        InvalidInput: There is none, or it may not be read.
    """

    def __init__(self, s3: S3Client, uri: str) -> None:
        self._s3 = s3
        self._uri = uri
        try:
            self._where = S3Uri.parse(uri)
            found = s3.head_object(Bucket=self._where.bucket, Key=self._where.key)
        except ValueError as error:
            raise InvalidInput(f"source: {error}") from None
        except ClientError as error:
            raise _unreadable(uri, error) or error from None
        self.size = found["ContentLength"]
        self._etag = found["ETag"]
        self._digest = sha256()

    @property
    def sha256(self) -> str:
        """Digest of what `chunks` has yielded."""
        return self._digest.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Yield the object's bytes once; a broken connection is resumed where it broke.

        Raises:
            SourceChanged: The object was overwritten or deleted meanwhile.
        """
        offset = 0
        failures = 0
        while offset < self.size:
            try:
                for chunk in self._part(offset):
                    offset += len(chunk)
                    failures = 0
                    self._digest.update(chunk)
                    yield chunk
            except (HTTPClientError, IncompleteReadError):
                failures += 1
                if failures == _ATTEMPTS_WITHOUT_PROGRESS:
                    raise
        self._check_unchanged()

    def _part(self, offset: int) -> Iterator[bytes]:
        last = min(offset + _PART, self.size) - 1
        try:
            found = self._s3.get_object(
                Bucket=self._where.bucket,
                Key=self._where.key,
                Range=f"bytes={offset}-{last}",
                IfMatch=self._etag,
            )
        except ClientError as error:
            raise self._changed(error) or error from None
        yield from found["Body"].iter_chunks(_CHUNK)

    def _check_unchanged(self) -> None:
        try:
            self._s3.head_object(Bucket=self._where.bucket, Key=self._where.key, IfMatch=self._etag)
        except ClientError as error:
            raise self._changed(error) or error from None

    def _changed(self, error: ClientError) -> SourceChanged | None:
        if error.response["Error"]["Code"] not in _CHANGED:
            return None
        return SourceChanged(
            f"{self._uri} was overwritten or deleted while it was read: start the run again when "
            "uploads to it are finished"
        )


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
    s3.upload_fileobj(
        cast("IO[bytes]", reader),
        where.bucket,
        where.key,
        ExtraArgs={"ContentType": "application/jsonl"},
        Config=_TRANSFER,
    )
    return FileRecord(
        uri=uri, sha256=reader.digest.hexdigest(), bytes=reader.size, records=reader.count
    )


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


def _unreadable(uri: str, error: ClientError) -> InvalidInput | None:
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
