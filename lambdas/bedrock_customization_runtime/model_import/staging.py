"""Copies parts of a model's files into multipart uploads: what is there already is adopted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bedrock_customization_runtime.errors import SourceChanged
from bedrock_customization_runtime.model_import import uploads
from bedrock_customization_runtime.model_import.sources.s3_folder import S3Folder
from bedrock_customization_runtime.s3.objects import S3Uri
from bedrock_customization_runtime.s3.streams import concurrently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.model_import.plan import Part, StagingPlan
    from bedrock_customization_runtime.model_import.sources.hub import HubRepository

MARGIN_MS = 60_000
"""No part is begun with less time left."""
_HELD_BYTES = 96 * 2**20
"""Of parts in flight: a worker stays far below 256 MiB."""
_MOST_AT_A_TIME = 8
_CHANGED = frozenset({"PreconditionFailed", "412", "NoSuchKey", "404"})


def stage(
    s3: S3Client,
    source: HubRepository | S3Folder,
    plan: StagingPlan,
    number: int,
    *,
    remaining_ms: Callable[[], int],
) -> bool:
    """Copy a batch of parts; a repeated call copies what is missing.

    Args:
        s3: Client.
        source: Where the files are.
        plan: Of the import.
        number: Of the batch.
        remaining_ms: Tells how many milliseconds the function may still run.

    Returns:
        Whether the batch is complete.

    Raises:
        SourceChanged: The source is no longer what was pinned.
        ModelSourceUnavailable: It does not answer now.
        ModelSourceRefused: It never will.
        ModelCorrupted: It serves another size than it lists, or an upload was aborted.
    """
    missing = _missing(s3, plan, number)
    begun: list[Part] = []

    def while_time_is_left() -> Iterator[Part]:
        for part in missing:
            if remaining_ms() < MARGIN_MS:
                return
            begun.append(part)
            yield part

    copy = partial(_copy, s3, source, plan)
    for _ in concurrently(copy, while_time_is_left(), at_a_time=at_a_time(plan)):
        pass
    return len(begun) == len(missing)


def at_a_time(plan: StagingPlan) -> int:
    """Return how many parts fit into a worker's memory at a time."""
    largest = max(staged.part_bytes for staged in plan.files)
    return max(1, min(_MOST_AT_A_TIME, _HELD_BYTES // largest))


def _missing(s3: S3Client, plan: StagingPlan, number: int) -> list[Part]:
    """Return the parts of a batch that are not there yet."""
    batch = plan.batches[number]
    there: dict[int, dict[int, int] | None] = {}
    missing = []
    for part in batch:
        staged = plan.files[part.file]
        if part.file not in there:
            uri = plan.uri_of(staged)
            there[part.file] = uploads.existing_parts(s3, uri, staged.upload_id)
            if there[part.file] is None and not uploads.staged_version(s3, uri, staged.file.size):
                raise uploads.lost(staged)
        parts = there[part.file]
        # None: the file is complete.
        if parts is not None and parts.get(part.number) != part.end - part.start:
            missing.append(part)
    return missing


def _copy(s3: S3Client, source: HubRepository | S3Folder, plan: StagingPlan, part: Part) -> None:
    staged = plan.files[part.file]
    to = plan.uri_of(staged)
    if isinstance(source, S3Folder):
        _copy_within_s3(s3, source, plan, part)
        return
    body = bytearray(part.end - part.start)
    at = 0
    for piece in source.pieces(staged.file.name, part.start, len(body)):
        body[at : at + len(piece)] = piece
        at += len(piece)
    uploads.upload(s3, to, staged.upload_id, part, body)


def _copy_within_s3(s3: S3Client, source: S3Folder, plan: StagingPlan, part: Part) -> None:
    staged = plan.files[part.file]
    to, name = plan.uri_of(staged), staged.file.name
    origin = S3Uri.parse(source.uri_of(name))
    # S3 takes no range of an object below 5 MB, and none is needed for a whole one.
    is_whole = (part.start, part.end) == (0, staged.file.size)
    copy = partial(
        s3.upload_part_copy,
        Bucket=to.bucket,
        Key=to.key,
        UploadId=staged.upload_id,
        PartNumber=part.number,
        CopySource={"Bucket": origin.bucket, "Key": origin.key},
        CopySourceIfMatch=source.etag_of(name),
    )
    try:
        if is_whole:
            copy()
        else:
            copy(CopySourceRange=f"bytes={part.start}-{part.end - 1}")
    except ClientError as error:
        if error.response["Error"]["Code"] not in _CHANGED:
            raise
        raise SourceChanged(
            f"{source.uri_of(name)} was overwritten or deleted while it was copied: start a new "
            "run when uploads to it are finished"
        ) from None
