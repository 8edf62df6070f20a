"""Plan: which driver prepares a source, and where it is cut."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime import __version__, catalog
from bedrock_customization_runtime.contract import SCRATCH_PREFIX, PrepareDataInput
from bedrock_customization_runtime.datasets import parquet
from bedrock_customization_runtime.datasets.compression import GZIP_MAGIC
from bedrock_customization_runtime.datasets.rules import Input
from bedrock_customization_runtime.datasets.sniffing import SAMPLE_BYTES, opened
from bedrock_customization_runtime.datasets.templates import Template
from bedrock_customization_runtime.errors import DatasetRejected
from bedrock_customization_runtime.preparation import settings_of
from bedrock_customization_runtime.sharded_preparation.scratch import Scratch
from bedrock_customization_runtime.storage import S3Uri
from bedrock_customization_runtime.streams import ObjectVersion, PinnedObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import PlanPreparationInput, PreparationPlan

PLAN = "plan.json"
_MOST_SHARDS = 1000
"""Of one source. More would not be faster, and each step lists them all."""
_MOST_BYTES_UNCUT = 8 * 2**30
"""Of a CSV file. The function's disk holds its records, and its time ends after 15 minutes."""
_FIRST_LOOK = 64 * 2**10
_LONGEST_LOOK = 8 * 2**20
_DIGEST_LENGTH = 16


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What every step knows."""

    event: PrepareDataInput
    source: ObjectVersion
    ranges: list[tuple[int, int]]
    """Of bytes, one for each shard: first, and before which it ends."""
    library_version: str = __version__
    catalog_version: str = catalog.VERSION


def plan(s3: S3Client, event: PlanPreparationInput) -> PreparationPlan:
    """Decide which driver prepares a source; cut it, if it is large and can be cut.

    JSON Lines can: a line feed ends a record, wherever it stands. In CSV a quoted cell may hold
    line feeds, so where a record ends depends on all that went before, and compressed data have no
    lines at all: one function prepares both.

    Args:
        s3: Client.
        event: What is to be prepared, and from which size in shards.

    Raises:
        InvalidInput: The source does not exist, or a setting makes no sense.
        SourceChanged: The source was overwritten while it was read.
        DatasetRejected: The source is too large for one function and cannot be cut.
    """
    run = event["preparation"]["run"]
    settings = settings_of(s3, event["preparation"])
    if settings.template:
        Template(settings.template)
    source = PinnedObject(s3, run["source"])
    if source.size <= event["sharding"]["above_bytes"] or not _can_be_cut(source):
        return {"shards": 0, "scratch": ""}
    shard_bytes = max(event["sharding"]["shard_bytes"], -(-source.size // _MOST_SHARDS))
    found = Plan(
        event=event["preparation"],
        source=source.version,
        ranges=line_ranges(source.size, shard_bytes, lambda offset: _line_end(source, offset)),
    )
    digest = sha256(msgspec.json.encode(found)).hexdigest()[:_DIGEST_LENGTH]
    bucket = S3Uri.parse(run["data"]).bucket
    scratch = Scratch(s3, f"s3://{bucket}/{SCRATCH_PREFIX}/{run['key']}/{digest}")
    scratch.write(PLAN, found)
    return {"shards": len(found.ranges), "scratch": scratch.uri}


def line_ranges(size: int, length: int, line_end: Callable[[int], int]) -> list[tuple[int, int]]:
    """Return ranges of whole lines that together are a source, in order.

    Args:
        size: Of the source in bytes.
        length: At least so many bytes has each but the last; a line belongs to one alone, however
            long it is.
        line_end: Returns the offset after the first line feed at or after an offset, the source's
            end if there is none.
    """
    ranges: list[tuple[int, int]] = []
    start = 0
    while start < size:
        end = size if start + length >= size else line_end(start + length - 1)
        ranges.append((start, end))
        start = end
    return ranges


def _can_be_cut(source: PinnedObject) -> bool:
    head = source.read(0, min(SAMPLE_BYTES, source.size))
    if head.startswith((GZIP_MAGIC, parquet.MAGIC)):
        return False
    try:
        kind, _ = opened([head])
    except DatasetRejected:
        return False  # the function that would prepare it says why
    if kind is Input.CSV and source.size > _MOST_BYTES_UNCUT:
        raise DatasetRejected(
            f"the source is CSV of {source.size:,} bytes: its cells may hold line feeds, so it is "
            f"not cut into shards, and one function takes at most {_MOST_BYTES_UNCUT:,} bytes; "
            "write it as JSON Lines, which are cut, or split the file"
        )
    return kind is Input.JSONL


def _line_end(source: PinnedObject, offset: int) -> int:
    look = _FIRST_LOOK
    while offset < source.size:
        piece = source.read(offset, min(offset + look, source.size))
        place = piece.find(b"\n")
        if place >= 0:
            return offset + place + 1
        offset += len(piece)
        look = min(2 * look, _LONGEST_LOOK)
    return source.size
