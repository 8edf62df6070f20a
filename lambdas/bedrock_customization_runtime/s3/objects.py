"""Objects in S3 by URI: read, write, and write only over the version that was read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from bedrock_customization_runtime.errors import ManifestConflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

_ATTEMPTS = 5
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class S3Uri:
    """`s3://bucket/key`."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `s3://bucket/key`.

        Raises:
            ValueError: The text is not of that form.
        """
        scheme, _, rest = text.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket or not key:
            raise ValueError(f"an S3 URI looks like s3://bucket/key, got {text!r}")
        return cls(bucket, key)

    def __str__(self) -> str:
        """Return the URI's text."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Version:
    """What an object held and the entity tag that identifies it."""

    body: bytes
    etag: str


class VersionConflictError(Exception):
    """The object is no longer the version that was read."""


def read(s3: S3Client, uri: str) -> bytes:
    """Return an object's bytes."""
    where = S3Uri.parse(uri)
    return _body(partial(s3.get_object, Bucket=where.bucket, Key=where.key))


def read_range(s3: S3Client, uri: str, start: int, end: int) -> bytes:
    """Return the bytes of an object from one offset to before another."""
    where = S3Uri.parse(uri)
    return _body(
        partial(s3.get_object, Bucket=where.bucket, Key=where.key, Range=f"bytes={start}-{end - 1}")
    )


def read_version(s3: S3Client, uri: str) -> Version | None:
    """Return an object's bytes and entity tag, or None if there is no such object."""
    where = S3Uri.parse(uri)
    try:
        found = s3.get_object(Bucket=where.bucket, Key=where.key)
    except s3.exceptions.NoSuchKey:
        return None
    return Version(found["Body"].read(), found["ETag"])


def write(s3: S3Client, uri: str, body: bytes, content_type: str) -> None:
    """Write an object, whatever was there before."""
    where = S3Uri.parse(uri)
    s3.put_object(Bucket=where.bucket, Key=where.key, Body=body, ContentType=content_type)


def write_version(
    s3: S3Client, uri: str, body: bytes, content_type: str, *, replaces: Version | None
) -> None:
    """Write an object only over the version that was read (None: only if there is none).

    Raises:
        VersionConflictError: The object changed since; nothing was written.
    """
    where = S3Uri.parse(uri)
    put = partial(
        s3.put_object, Bucket=where.bucket, Key=where.key, Body=body, ContentType=content_type
    )
    try:
        put(IfMatch=replaces.etag) if replaces else put(IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict"}:
            raise VersionConflictError(uri) from error
        raise


def update(
    s3: S3Client,
    uri: str,
    change: Callable[[bytes | None], tuple[bytes | None, _Result]],
    *,
    attempts: int,
) -> _Result:
    """Change a JSON document over exactly the version that was read, anew where another was faster.

    Args:
        s3: Client.
        uri: Where the document is.
        change: Takes the newest document, None where there is none yet; returns what to write, None
            to leave it as it is, and the result.
        attempts: How often others may be faster, this one counted.

    Returns:
        What the last `change` returned.

    Raises:
        ManifestConflict: Others were faster each time; nothing was written.
    """
    for _ in range(attempts):
        version = read_version(s3, uri)
        body, result = change(version.body if version else None)
        if body is None:
            return result
        with suppress(VersionConflictError):
            write_version(s3, uri, body, "application/json", replaces=version)
            return result
    raise ManifestConflict(f"{uri} changed {attempts} times while it was written: run it again")


def _body(get: Callable[[], GetObjectOutputTypeDef]) -> bytes:
    """Return the body of a response, asked for again where the connection breaks."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(HTTPClientError, IncompleteReadError):
            return get()["Body"].read()
    return get()["Body"].read()
