"""Decide and divide shard: the side of each record, and a shard's lines by side, in order."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets.copies import leakage, near_copies
from bedrock_customization_runtime.datasets.copies.words import words_of
from bedrock_customization_runtime.datasets.preparation import Split, assign_sides
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.record_formats.records import blind
from bedrock_customization_runtime.datasets.shards import ShardSummary
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.datasets.spool import Spool
from bedrock_customization_runtime.errors import DatasetRejected
from bedrock_customization_runtime.preparation import refused
from bedrock_customization_runtime.s3.streams import concurrently
from bedrock_customization_runtime.sharded_preparation.comparing import near_copy_pairs
from bedrock_customization_runtime.sharded_preparation.stores import (
    COLUMNS,
    side_index,
    side_lines,
)
from bedrock_customization_runtime.sharded_preparation.work import LEAKS, PASSAGES, SIDES, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bedrock_customization_runtime.catalog import RecordFormat
    from bedrock_customization_runtime.datasets.copies.words import Words
    from bedrock_customization_runtime.datasets.index import Columns
    from bedrock_customization_runtime.sharded_preparation.work import Work

_DROPPED = -1
"""In place of a side: an exact copy of another record."""


def decide(work: Work) -> None:
    """Decide on which side each record is, and which passages training must not hold.

    Raises:
        DatasetRejected: The data cannot be used; the report is written nevertheless.
    """
    columns = work.examined.columns()
    try:
        split = split_of(work, columns)
    except DatasetRejected as refusal:
        raise refused(work.s3, work.run, work.examined, refusal, work.gathered.rejected) from None
    work.scratch.save(PASSAGES, passages=_passages(work, split))
    sides = np.full(len(columns.exact), _DROPPED, dtype=np.int8)
    sides[split.rows] = split.side

    def write(shard: int) -> None:
        first, following = work.rows(shard)
        work.scratch.shard(shard).save(SIDES, sides=sides[first:following])

    for _ in concurrently(write, range(len(work.plan.ranges))):
        pass


def split_of(work: Work, columns: Columns) -> Split:
    """Return on which side each record is, before any is left out.

    Raises:
        DatasetRejected: Too few records differ.
    """
    similar = None
    if work.settings.near_copies and columns.near.size:
        similar = near_copies.united(columns.near, near_copy_pairs(work))
    return assign_sides(work.examined, columns, similar)


def divide_shard(work: Work, number: int) -> None:
    """Write a shard's lines by side and key, without the records that quote the blind set."""
    shard = work.scratch.shard(number)
    for side, keys, lines in divided(work, number):
        sizes: list[int] = []
        shard.write_lines(side_lines(side), _measured(lines, sizes))
        ends = np.fromiter(accumulate(sizes, initial=0), dtype=np.uint64)
        shard.save(side_index(side), keys=keys, ends=ends)


def divided(work: Work, number: int) -> Iterator[tuple[Side, NDArray[np.uint64], Iterator[bytes]]]:
    """Yield of each side the keys of a shard's records, in order, and their lines.

    Without the records that quote the blind set, whose numbers it writes.
    """
    shard = work.scratch.shard(number)
    first, _ = work.rows(number)
    sides = shard.load(SIDES)["sides"]
    columns = shard.load(COLUMNS)
    keys, slices = columns["exact"], columns["slices"]
    slice_values = shard.read(SUMMARY, ShardSummary).slice_values
    lines = Spool()
    try:
        own = np.flatnonzero(sides != _DROPPED)
        for line in work.records().lines(own + first):
            lines.append(line)

        def lines_of(rows: NDArray[np.intp]) -> Iterator[bytes]:
            return lines.some(np.searchsorted(own, rows))

        def words_in(rows: NDArray[np.intp]) -> Words:
            records = formats.parse_all(lines_of(rows), record_format)
            return words_of([record.asked for record in records])

        record_format = work.settings.method.record_format
        others = own[sides[own] != Side.TEST]
        passages = work.scratch.load(PASSAGES)["passages"]
        leaks = leakage.holding(passages, others, words_in)
        shard.save(LEAKS, rows=leaks + first)
        for side in Side:
            rows = np.setdiff1d(own[sides[own] == side], leaks, assume_unique=True)
            rows = rows[np.argsort(keys[rows])]
            found = lines_of(rows)
            told_apart = (slice_values.get(key, {}) for key in slices[rows].tolist())
            blind_lines = _blind(found, told_apart, record_format)
            yield side, keys[rows], blind_lines if side is Side.TEST else found
    finally:
        lines.close()


def leaks_of(work: Work) -> NDArray[np.intp]:
    """Return the records of all shards that quote the blind set."""
    found = concurrently(
        lambda shard: work.scratch.shard(shard).load(LEAKS)["rows"], range(len(work.plan.ranges))
    )
    return np.concatenate([np.empty(0, dtype=np.intp), *found])


def _passages(work: Work, split: Split) -> NDArray[np.uint64]:
    if not work.settings.near_copies:
        return np.empty(0, dtype=np.uint64)
    rows = np.union1d(split.blind, leakage.sampled(split.others))
    with work.records().questions(rows) as questions:
        return leakage.telling_passages(split.blind, split.others, questions.words_in)


def _blind(
    lines: Iterator[bytes], slices: Iterator[dict[str, str]], record_format: RecordFormat
) -> Iterator[bytes]:
    """Yield records as lines of the blind set, each with its slices."""
    for record, values in zip(formats.parse_all(lines, record_format), slices, strict=True):
        yield formats.blind_line(blind(record, values))


def _measured(lines: Iterator[bytes], sizes: list[int]) -> Iterator[bytes]:
    """Yield lines and note the size of each."""
    for line in lines:
        sizes.append(len(line))
        yield line
