"""What the steps of one import hand to each other, in S3: which files, in which parts, whence."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from bedrock_customization_runtime.contract import SCRATCH_PREFIX
from bedrock_customization_runtime.model_import.sources.pinned import (  # noqa: TC001 - msgspec reads it
    Pinned,
    SourceFile,
)
from bedrock_customization_runtime.s3 import objects
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import ModelSource, Run

_PLAN = "plan.json"
_MODEL = "model/"
_HEADS = "heads"
_MOST_PARTS = 10_000
"""Of a multipart upload."""
_MEBIBYTE = 2**20


class StagedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is copied."""

    file: SourceFile
    part_bytes: int
    upload_id: str


class StagingPlan(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All that is copied."""

    source: dict[str, str]
    """As the event named it."""
    pinned: Pinned
    """As it was found."""
    model: str
    """S3 URI of where Bedrock imports from, with a trailing slash."""
    files: list[StagedFile]
    batch_bytes: int

    @cached_property
    def batches(self) -> list[list[Part]]:
        """The parts of all files, in order, so many to a function call."""
        if self.pinned.kind == "archive":
            return [[]]
        return list(_batches(self.files, self.batch_bytes))

    def uri_of(self, staged: StagedFile) -> S3Uri:
        """Return where a file is copied to."""
        return S3Uri.parse(f"{self.model}{staged.file.name}")


class Part(NamedTuple):
    """A part of a file's upload."""

    file: int
    """Number of the file in the plan."""
    number: int
    """As S3 counts, from 1."""
    start: int
    end: int
    """Offset after its last byte."""


class FinishedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose digest was found to be right."""

    etag: str
    sha256: str


class ImportScratch:
    """Where one run's import keeps what its steps hand to each other.

    Args:
        s3: Client.
        uri: S3 URI, without a trailing slash.
    """

    def __init__(self, s3: S3Client, uri: str) -> None:
        self._s3 = s3
        self.uri = uri

    @property
    def model(self) -> str:
        """S3 URI of the folder that Bedrock imports, with a trailing slash."""
        return f"{self.uri}/{_MODEL}"

    @property
    def heads(self) -> str:
        """S3 URI of beginnings of packed files, without a trailing slash."""
        return f"{self.uri}/{_HEADS}"

    def write(self, plan: StagingPlan) -> None:
        """Keep the plan."""
        body = msgspec.json.encode(plan)
        objects.write(self._s3, f"{self.uri}/{_PLAN}", body, "application/json")

    def find(self) -> StagingPlan | None:
        """Return the plan, None if nobody made one."""
        found = objects.read_version(self._s3, f"{self.uri}/{_PLAN}")
        return None if found is None else msgspec.json.decode(found.body, type=StagingPlan)

    def read(self) -> StagingPlan:
        """Return the plan."""
        return msgspec.json.decode(objects.read(self._s3, f"{self.uri}/{_PLAN}"), type=StagingPlan)

    def finished(self, number: int) -> FinishedFile | None:
        """Return what is known of a file that is complete, None before that."""
        found = objects.read_version(self._s3, self._finished(number))
        return None if found is None else msgspec.json.decode(found.body, type=FinishedFile)

    def write_finished(self, number: int, file: FinishedFile) -> None:
        """Keep that a file is complete and right."""
        body = msgspec.json.encode(file)
        objects.write(self._s3, self._finished(number), body, "application/json")

    def packed_digest(self, number: int) -> str | None:
        """Return the SHA-256 digest of what an archive holds as a file, None before it is known."""
        found = objects.read_version(self._s3, self._packed(number))
        return None if found is None else found.body.decode()

    def write_packed_digest(self, number: int, digest: str) -> None:
        """Keep the digest."""
        objects.write(self._s3, self._packed(number), digest.encode(), "text/plain")

    def _finished(self, number: int) -> str:
        return f"{self.uri}/finished/{number:05}.json"

    def _packed(self, number: int) -> str:
        return f"{self.uri}/packed/{number:05}.txt"


def scratch_of(run: Run) -> str:
    """Return the S3 URI of a run's scratch, without a trailing slash."""
    bucket = S3Uri.parse(run["data"]).bucket
    return scratch_in(bucket, run["key"])


def scratch_in(bucket: str, key: str) -> str:
    """Return the S3 URI of the scratch of the run of a key in a data bucket, likewise."""
    return f"s3://{bucket}/{SCRATCH_PREFIX}/{key}/import"


def source_of(source: ModelSource) -> dict[str, str]:
    """Return a source as the plan keeps it."""
    return {name: str(value) for name, value in source.items()}


def part_bytes_of(size: int, wanted: int) -> int:
    """Return how large the parts of a file are: as wanted, unless they would be too many."""
    needed = -(-size // _MOST_PARTS)
    return max(wanted, -(-needed // _MEBIBYTE) * _MEBIBYTE)


def parts_of(number: int, staged: StagedFile) -> Iterator[Part]:
    """Yield the parts of a file."""
    size, step = staged.file.size, staged.part_bytes
    for count, start in enumerate(range(0, size, step), 1):
        yield Part(number, count, start, min(start + step, size))


def _batches(files: Sequence[StagedFile], batch_bytes: int) -> Iterator[list[Part]]:
    batch: list[Part] = []
    held = 0
    for number, staged in enumerate(files):
        for part in parts_of(number, staged):
            batch.append(part)
            held += part.end - part.start
            if held >= batch_bytes:
                yield batch
                batch, held = [], 0
    if batch:
        yield batch
