"""The files that a manifest names: whether S3 still holds them, and in which version."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from bedrock_customization_runtime.manifest import FileRecord, Manifest
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

_CHUNK = 1 << 20
_FORBIDDEN = {"AccessDenied", "403"}
_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "404"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFinding:
    """What holds of a file.

    Args:
        uri: Where it lies.
        holds: Whether the digest is still the one that was written down; None where nobody could
            tell.
        version_id: Of the version that has the digest.
        said: Why, in words.
    """

    uri: str
    holds: bool | None
    version_id: str | None
    said: str


def check(s3: S3Client, manifest: Manifest) -> list[FileFinding]:
    """Read each file that a manifest names, once."""
    records = {record.uri: record for record in _records(msgspec.to_builtins(manifest))}
    return [_checked(s3, record) for record in records.values()]


def _records(value: object) -> Iterator[FileRecord]:
    match value:
        case {"uri": str(), "sha256": str(), "bytes": int(), "records": int()}:
            yield msgspec.convert(value, FileRecord)
        case dict():
            for part in value.values():
                yield from _records(part)
        case list():
            for part in value:
                yield from _records(part)


def _checked(s3: S3Client, record: FileRecord) -> FileFinding:
    try:
        holds, version_id, said = _compared(s3, record)
    except ClientError as error:
        version_id, code = None, error.response["Error"].get("Code", "")
        if code in _FORBIDDEN:
            holds, said = None, "you may not read it"
        elif code in _GONE:
            holds, said = False, "it is not there any more"
        else:
            raise
    return FileFinding(uri=record.uri, holds=holds, version_id=version_id, said=said)


def _compared(s3: S3Client, record: FileRecord) -> tuple[bool | None, str | None, str]:
    """Return whether a file holds, which version of it does, and why."""
    if record.objects != 1 or record.uri.endswith("/"):
        return None, None, f"{record.objects:,} objects have one digest: not read again"
    try:
        where = S3Uri.parse(record.uri)
    except ValueError:
        return False, None, "it names no object of S3"
    digest, version_id = _digest(s3, where)
    if digest == record.sha256:
        return True, version_id, "it is what was written down"
    earlier = _earlier(s3, where, record.sha256)
    if earlier:
        return False, earlier, "it was written over; an earlier version is what it was"
    return False, None, "it is not what was written down, nor is an earlier version"


def _digest(s3: S3Client, where: S3Uri, version_id: str | None = None) -> tuple[str, str | None]:
    version = {"VersionId": version_id} if version_id else {}
    answer = s3.get_object(Bucket=where.bucket, Key=where.key, **version)  # type: ignore[arg-type] # one optional argument
    digest = sha256()
    for chunk in answer["Body"].iter_chunks(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest(), answer.get("VersionId")


def _earlier(s3: S3Client, where: S3Uri, expected: str) -> str | None:
    """Return the id of the version with a digest, None where there is none."""
    pages = s3.get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=where.bucket, Prefix=where.key):
        for version in page.get("Versions", []):
            if version["Key"] != where.key or version["IsLatest"]:
                continue
            if _digest(s3, where, version["VersionId"])[0] == expected:
                return version["VersionId"]
    return None
