"""Copies the files of an archive: one function streams it, for it can only be read in order."""

from __future__ import annotations

from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from bedrock_customization_runtime.errors import ModelRejected, SourceChanged
from bedrock_customization_runtime.model_import import staging, uploads
from bedrock_customization_runtime.model_import.plan import parts_of
from bedrock_customization_runtime.s3.streams import concurrently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from hashlib import _Hash

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.model_import.plan import (
        ImportScratch,
        Part,
        StagedFile,
        StagingPlan,
    )
    from bedrock_customization_runtime.model_import.sources.archive import ArchiveFolder, Member


class _Read(NamedTuple):
    """A part that was read."""

    part: Part
    body: bytes


def unpack(
    s3: S3Client,
    archive: ArchiveFolder,
    scratch: ImportScratch,
    plan: StagingPlan,
    *,
    remaining_ms: Callable[[], int],
) -> bool:
    """Copy files of an archive; a repeated call reads again, and copies what is missing.

    A gzipped stream cannot be entered in its middle, so each call begins at its beginning, and
    only reads over what is copied already.

    Args:
        s3: Client.
        archive: What is unpacked.
        scratch: Keeps the digests of what the archive holds.
        plan: Of the import.
        remaining_ms: Tells how many milliseconds the function may still run.

    Returns:
        Whether all files are copied.

    Raises:
        ModelRejected: One call is too short to read so far as to copy anything.
        SourceChanged: The archive was overwritten meanwhile.
    """
    numbers = {staged.file.name: number for number, staged in enumerate(plan.files)}
    left = {name for name, number in numbers.items() if not _is_done(s3, scratch, plan, number)}
    copied = 0
    members = archive.members()
    with closing(members):
        for member in members:
            if not left:
                return True
            if member.name not in left:
                continue
            number = numbers[member.name]
            progress, is_whole = _copy(
                s3, member, number, plan, scratch=scratch, remaining_ms=remaining_ms
            )
            copied += progress
            if not is_whole:
                break
            left.discard(member.name)
        else:
            if left:
                raise SourceChanged(
                    f"{plan.pinned.location} holds no {min(left)} any more: start a new run"
                )
    if left and not copied:
        raise ModelRejected(
            f"{plan.pinned.location} is too large to be unpacked by one function call: unpack it, "
            "and import the folder"
        )
    return not left


def _is_done(s3: S3Client, scratch: ImportScratch, plan: StagingPlan, number: int) -> bool:
    """Tell whether all parts of a file are there, and its digest."""
    staged = plan.files[number]
    if scratch.packed_digest(number) is None:
        return False
    uri = plan.uri_of(staged)
    if uploads.staged_version(s3, uri, staged.file.size):
        return True
    found = uploads.existing_parts(s3, uri, staged.upload_id)
    return found == {part.number: part.end - part.start for part in parts_of(number, staged)}


def _copy(
    s3: S3Client,
    member: Member,
    number: int,
    plan: StagingPlan,
    *,
    scratch: ImportScratch,
    remaining_ms: Callable[[], int],
) -> tuple[int, bool]:
    """Copy a file; return how many parts were, and whether it is whole."""
    staged = plan.files[number]
    uri = plan.uri_of(staged)
    found = uploads.existing_parts(s3, uri, staged.upload_id)
    if found is None and not uploads.staged_version(s3, uri, staged.file.size):
        raise uploads.lost(staged)
    digest, read, copied = sha256(), 0, 0

    def missing() -> Iterator[_Read]:
        nonlocal read, copied
        for one in _parts(member, number, staged, digest, remaining_ms):
            read += len(one.body)
            if found is None or found.get(one.part.number) == len(one.body):
                continue
            copied += 1
            yield one

    def upload(one: _Read) -> None:
        uploads.upload(s3, uri, staged.upload_id, one.part, one.body)

    # One is being read meanwhile.
    for _ in concurrently(upload, missing(), at_a_time=max(1, staging.at_a_time(plan) - 1)):
        pass
    if read < staged.file.size:
        return copied, False
    scratch.write_packed_digest(number, digest.hexdigest())
    return copied, True


def _parts(
    member: Member,
    number: int,
    staged: StagedFile,
    digest: _Hash,
    remaining_ms: Callable[[], int],
) -> Iterator[_Read]:
    """Yield a file's parts while time is left."""
    for part in parts_of(number, staged):
        if remaining_ms() < staging.MARGIN_MS:
            return
        body = member.read(part.end - part.start)
        if len(body) < part.end - part.start:
            raise SourceChanged(f"the archive ends within {member.name}: start a new run")
        digest.update(body)
        yield _Read(part, body)
