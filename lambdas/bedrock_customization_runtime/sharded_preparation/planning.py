"""Plan: which driver prepares a source, and where it is cut."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime import __version__, catalog
from bedrock_customization_runtime.contract import SCRATCH_PREFIX, PrepareDataInput
from bedrock_customization_runtime.datasets.reading import parquet
from bedrock_customization_runtime.datasets.reading.compression import GZIP_MAGIC
from bedrock_customization_runtime.datasets.reading.sniffing import SAMPLE_BYTES, opened
from bedrock_customization_runtime.datasets.record_formats.templates import Template
from bedrock_customization_runtime.datasets.rules import Input
from bedrock_customization_runtime.errors import DatasetRejected
from bedrock_customization_runtime.preparation import settings_of
from bedrock_customization_runtime.s3 import sources
from bedrock_customization_runtime.s3.objects import S3Uri
from bedrock_customization_runtime.s3.prefixes import ListedObject
from bedrock_customization_runtime.s3.streams import ObjectVersion, PinnedObject
from bedrock_customization_runtime.sharded_preparation.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import (
        PlanPreparationInput,
        PreparationPlan,
        ShardingLimits,
    )
    from bedrock_customization_runtime.s3.prefixes import ListedObject, PinnedPrefix

PLAN = "plan.json"
_MOST_SHARDS = 1000
"""Of one source. More would not be faster, and each step lists them all."""
_MOST_SHARDS_OF_SPARK = 10_000
"""Its shuffles have as many parts as shards, times a quarter of that."""
_MOST_PIECES = 2000
_MOST_BYTES_UNCUT = 8 * 2**30
"""Of a CSV file. The function's disk holds its records, and its time ends after 15 minutes."""
_MOST_OBJECTS_UNCUT = 10_000
"""Of a prefix that one function prepares: each is a request."""
_OBJECTS_A_SHARD = 1000
_EXPANSION = 8
"""What compressed data become, about: invocation logs some eightfold."""
_FIRST_LOOK = 64 * 2**10
_LONGEST_LOOK = 8 * 2**20
_DIGEST_LENGTH = 16


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What every step knows."""

    event: PrepareDataInput
    source: ObjectVersion | None
    """None where it is a prefix."""
    ranges: list[tuple[int, int]]
    """Of bytes, or of a prefix's objects, one for each shard: first, and before which it ends."""
    pieces: int = 0
    """Of each side, which Spark puts in order; 0 where functions prepare the source."""
    objects: list[ListedObject] = []
    """Of a prefix."""
    skipped: dict[str, int] = {}
    """Objects of a prefix that are not read, by the reason."""
    library_version: str = __version__
    catalog_version: str = catalog.VERSION


def plan(s3: S3Client, event: PlanPreparationInput) -> PreparationPlan:
    """Decide which driver prepares a source; cut it, if it is large and can be cut.

    JSON Lines can: a line feed ends a record, wherever it stands. In CSV a quoted cell may hold
    line feeds, so where a record ends depends on all that went before, and compressed data have no
    lines at all: one function prepares both. A prefix is cut between its objects.

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
    source = sources.pin(s3, run["source"])
    found = (
        _cut_object(event, source)
        if isinstance(source, PinnedObject)
        else _cut_prefix(event, source)
    )
    if found is None:
        return {"shards": 0, "scratch": "", "spark": False}
    digest = sha256(msgspec.json.encode(found)).hexdigest()[:_DIGEST_LENGTH]
    bucket = S3Uri.parse(run["data"]).bucket
    scratch = Scratch(s3, f"s3://{bucket}/{SCRATCH_PREFIX}/{run['key']}/{digest}")
    scratch.write(PLAN, found)
    return {"shards": len(found.ranges), "scratch": scratch.uri, "spark": found.pieces > 0}


def _cut_object(event: PlanPreparationInput, source: PinnedObject) -> Plan | None:
    limits = event["sharding"]
    if source.size <= limits["above_bytes"] or not _can_be_cut(source):
        return None
    is_sparks, most = _most_shards(limits, source.size)
    shard_bytes = max(limits["shard_bytes"], -(-source.size // most))
    ranges = line_ranges(source.size, shard_bytes, lambda offset: _line_end(source, offset))
    return Plan(
        event=event["preparation"],
        source=source.version,
        ranges=ranges,
        pieces=min(len(ranges), _MOST_PIECES) if is_sparks else 0,
    )


def _cut_prefix(event: PlanPreparationInput, source: PinnedPrefix) -> Plan | None:
    limits = event["sharding"]
    sizes = [_size_of_text(one) for one in source.objects]
    if sum(sizes) <= limits["above_bytes"] and len(sizes) <= _MOST_OBJECTS_UNCUT:
        return None
    for one, size in zip(source.objects, sizes, strict=True):
        if size > _MOST_BYTES_UNCUT:
            raise DatasetRejected(
                f"{one.name} of the source has {one.version.size:,} bytes, about {size:,} of text, "
                f"and below a prefix one function takes an object whole, of at most "
                f"{_MOST_BYTES_UNCUT:,} bytes of text: split it, or name it alone as source if it "
                "is JSON Lines"
            )
    is_sparks, most = _most_shards(limits, sum(sizes))
    shard_bytes = max(limits["shard_bytes"], -(-sum(sizes) // most))
    ranges = object_ranges(sizes, shard_bytes, -(-len(sizes) // most))
    return Plan(
        event=event["preparation"],
        source=None,
        ranges=ranges,
        pieces=min(len(ranges), _MOST_PIECES) if is_sparks else 0,
        objects=source.objects,
        skipped=dict(source.skipped),
    )


def _most_shards(limits: ShardingLimits, size: int) -> tuple[bool, int]:
    """Return whether Spark prepares so many bytes of text, and how many shards there may be."""
    if "spark_above_bytes" in limits and size > limits["spark_above_bytes"]:
        return True, _MOST_SHARDS_OF_SPARK
    return False, _MOST_SHARDS


def _size_of_text(one: ListedObject) -> int:
    return one.version.size * (_EXPANSION if one.name.endswith((".gz", ".parquet")) else 1)


def object_ranges(sizes: Sequence[int], length: int, count: int) -> list[tuple[int, int]]:
    """Return ranges of whole objects that together are all, in order.

    Args:
        sizes: Of the objects, in bytes.
        length: A range ends with the object that makes it so long, in bytes,
        count: or with so many objects, but no less than a thousand.
    """
    most = max(count, _OBJECTS_A_SHARD)
    ranges: list[tuple[int, int]] = []
    first = held = 0
    for number, size in enumerate(sizes):
        held += size
        if held >= length or number + 1 - first >= most:
            ranges.append((first, number + 1))
            first, held = number + 1, 0
    return ranges if first == len(sizes) else [*ranges, (first, len(sizes))]


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
