"""Files that grow by parts, one object each, and are read as one: in the order of their numbers."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from bedrock_customization_runtime.s3 import objects
from bedrock_customization_runtime.s3.file_record import FileRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_s3 import S3Client

_Record = TypeVar("_Record")


def uri_of(prefix: str, number: int) -> str:
    """Return where a part lies.

    Args:
        prefix: S3 URI prefix of the file's parts, without a trailing slash.
        number: From 0; five digits, so that names sort like numbers.
    """
    return f"{prefix}/part-{number:05d}.jsonl"


def finished(s3: S3Client, prefix: str) -> list[str]:
    """Return the URIs of the parts that exist, in order. A part exists only whole."""
    where = objects.S3Uri.parse(f"{prefix}/part-")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=where.bucket, Prefix=where.key)
    return [
        str(objects.S3Uri(where.bucket, found["Key"]))
        for page in pages
        for found in page.get("Contents", [])
    ]


def read_all(
    s3: S3Client, prefix: str, decode: Callable[[str, bytes], Iterable[_Record]]
) -> tuple[list[_Record], FileRecord]:
    """Return the records of all parts, and the parts as one file.

    Args:
        s3: Client.
        prefix: As in `uri_of`.
        decode: Returns a part's records, of its URI and its bytes.
    """
    records: list[_Record] = []
    digest, size = sha256(), 0
    for uri in finished(s3, prefix):
        body = objects.read(s3, uri)
        digest.update(body)
        size += len(body)
        records += decode(uri, body)
    file = FileRecord(uri=f"{prefix}/", sha256=digest.hexdigest(), bytes=size, records=len(records))
    return records, file
