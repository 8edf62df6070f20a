"""Multipart uploads of staged files: found again after a kill, completed once, never left over."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from bedrock_customization_runtime.errors import ModelCorrupted
from bedrock_customization_runtime.model_import.plan import parts_of
from bedrock_customization_runtime.s3.objects import S3Uri
from bedrock_customization_runtime.s3.streams import ObjectVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import ChecksumAlgorithmType

    from bedrock_customization_runtime.model_import.plan import Part, StagedFile

_GONE = frozenset({"NoSuchUpload", "404"})
_MISSING = frozenset({"404", "NoSuchKey"})
_THERE_ALREADY = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_CHECKSUM: ChecksumAlgorithmType = "CRC32"
"""Of each part, computed here and by S3: said on begin too, or S3 expects another one of parts."""


def begun_below(s3: S3Client, folder: str) -> dict[str, str]:
    """Return the ids of the uploads below a prefix, by key; the first of each key.

    Args:
        s3: Client.
        folder: S3 URI with a trailing slash.
    """
    found: dict[str, str] = {}
    for key, upload_id in _all_begun(s3, folder):
        found.setdefault(key, upload_id)
    return found


def begin(s3: S3Client, uri: S3Uri) -> str:
    """Begin an upload and return its id."""
    return s3.create_multipart_upload(
        Bucket=uri.bucket,
        Key=uri.key,
        ContentType="application/octet-stream",
        ChecksumAlgorithm=_CHECKSUM,
    )["UploadId"]


def upload(s3: S3Client, uri: S3Uri, upload_id: str, part: Part, body: bytes | bytearray) -> None:
    """Upload a part."""
    s3.upload_part(
        Bucket=uri.bucket,
        Key=uri.key,
        UploadId=upload_id,
        PartNumber=part.number,
        # botocore takes both; a copy would double what a part holds.
        Body=cast("bytes", body),
        ChecksumAlgorithm=_CHECKSUM,
    )


def existing_parts(s3: S3Client, uri: S3Uri, upload_id: str) -> dict[int, int] | None:
    """Return the sizes of an upload's parts by number, None if there is no such upload any more."""
    # A file that was complete before has none.
    parts = _parts(s3, uri, upload_id) if upload_id else None
    return None if parts is None else {one["PartNumber"]: one["Size"] for one in parts}


def staged_version(s3: S3Client, uri: S3Uri, size: int) -> ObjectVersion | None:
    """Return the version of a file that is complete, None where it is not, or has another size."""
    try:
        found = s3.head_object(Bucket=uri.bucket, Key=uri.key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise
    if found["ContentLength"] != size:
        return None
    return ObjectVersion(etag=found["ETag"], size=size)


def complete(s3: S3Client, uri: S3Uri, staged: StagedFile) -> ObjectVersion:
    """Make the object of an upload's parts, once.

    Raises:
        ModelCorrupted: Parts are missing, or the upload was aborted.
    """
    known = staged_version(s3, uri, staged.file.size)
    if known:
        return known
    parts = _parts(s3, uri, staged.upload_id)
    wanted = {part.number: part.end - part.start for part in parts_of(0, staged)}
    if parts is None or {one["PartNumber"]: one["Size"] for one in parts} != wanted:
        raise lost(staged)
    listed = [
        {name: one[name] for name in ("PartNumber", "ETag", f"Checksum{_CHECKSUM}") if name in one}
        for one in parts
    ]
    try:
        s3.complete_multipart_upload(
            Bucket=uri.bucket,
            Key=uri.key,
            UploadId=staged.upload_id,
            MultipartUpload={"Parts": listed},  # type: ignore[typeddict-item] # members of a part
            IfNoneMatch="*",
        )
    except ClientError as error:
        # Another call may have completed it meanwhile.
        if error.response["Error"]["Code"] not in _GONE | _THERE_ALREADY:
            raise
    done = staged_version(s3, uri, staged.file.size)
    if done is None:
        raise lost(staged)
    return done


def lost(staged: StagedFile) -> ModelCorrupted:
    """Return the error of a file whose upload somebody took away, or that is another."""
    return ModelCorrupted(
        f"the copy of {staged.file.name} is incomplete and its upload is gone, or is not the "
        "plan's: redrive the run, which copies it anew"
    )


def abort_below(s3: S3Client, folder: str) -> None:
    """Abort all uploads below a prefix.

    Args:
        s3: Client.
        folder: S3 URI with a trailing slash.
    """
    where = S3Uri.parse(folder)
    for key, upload_id in _all_begun(s3, folder):
        with suppress(s3.exceptions.NoSuchUpload):
            s3.abort_multipart_upload(Bucket=where.bucket, Key=key, UploadId=upload_id)


def delete_below(s3: S3Client, folder: str) -> None:
    """Delete all objects below a prefix.

    Args:
        s3: Client.
        folder: S3 URI with a trailing slash.

    Raises:
        ClientError: S3 kept some of them.
    """
    where = S3Uri.parse(folder)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=where.bucket, Prefix=where.key)
    for page in pages:
        # As many as one request deletes.
        listed = [{"Key": one["Key"]} for one in page.get("Contents", [])]
        if listed:
            done = s3.delete_objects(Bucket=where.bucket, Delete={"Objects": listed, "Quiet": True})  # type: ignore[typeddict-item] # of keys alone
            # What S3 keeps, it lists in an answer that is no error.
            for kept in done.get("Errors", []):
                first = {name: kept.get(name, "") for name in ("Code", "Message")}
                raise ClientError({"Error": first}, "DeleteObjects")  # type: ignore[typeddict-item] # two of its members


def _all_begun(s3: S3Client, folder: str) -> list[tuple[str, str]]:
    where = S3Uri.parse(folder)
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=where.bucket, Prefix=where.key
    )
    return [(one["Key"], one["UploadId"]) for page in pages for one in page.get("Uploads", [])]


def _parts(s3: S3Client, uri: S3Uri, upload_id: str) -> list[Mapping[str, Any]] | None:
    pages = s3.get_paginator("list_parts").paginate(
        Bucket=uri.bucket, Key=uri.key, UploadId=upload_id
    )
    try:
        return [one for page in pages for one in page.get("Parts", [])]
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise
