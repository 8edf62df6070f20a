"""Sign shard and compare bucket: the near-copies among all questions, by a shuffle of hashes.

Each shard sorts the hashes of its questions into buckets by their values, so that one bucket holds
all questions with an equal hash, whichever shard they are of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets.copies import near_copies
from bedrock_customization_runtime.s3.streams import concurrently
from bedrock_customization_runtime.sharded_preparation.work import (
    BANDS,
    COMMON,
    PAIRS,
    SIGNATURES,
    SIGNATURES_ENDS,
    STANDING,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bedrock_customization_runtime.sharded_preparation.work import Work

_HASH = np.dtype([("band", "u1"), ("value", "<u4"), ("row", "<u8")])
"""One of the 16 hashes of a question, and the number of its record."""
_PAIRS_AT_ONCE = 1024


def sign(work: Work, number: int) -> None:
    """Write the hashes of a shard's questions, bucket by bucket."""
    if not work.gathered.buckets:
        return
    shard = work.scratch.shard(number)
    hashes, ends = signed(work, number)
    shard.write_lines(SIGNATURES, iter([hashes.tobytes()]))
    shard.save(SIGNATURES_ENDS, ends=ends * _HASH.itemsize)


def signed(work: Work, number: int) -> tuple[NDArray[np.void], NDArray[np.intp]]:
    """Return the hashes of a shard's questions by bucket, and where in them each bucket begins.

    Of no question there is where another shard's, or an earlier one, has the same words.
    """
    buckets = work.gathered.buckets
    first, _ = work.rows(number)
    own = np.flatnonzero(work.scratch.shard(number).load(STANDING)["stands"])
    bands = _bands(work, number, own)
    hashes = np.empty(bands.size, dtype=_HASH)
    hashes["band"] = np.tile(np.arange(near_copies.BANDS, dtype=np.uint8), len(own))
    hashes["value"] = bands.ravel()
    hashes["row"] = np.repeat(own + first, near_copies.BANDS)
    bucket = (hashes["value"].astype(np.uint64) * np.uint64(buckets)) >> np.uint64(32)
    order = np.argsort(bucket, kind="stable")
    return hashes[order], np.searchsorted(bucket[order], np.arange(buckets + 1, dtype=np.uint64))


def compare(work: Work, number: int) -> None:
    """Write the pairs of near-copies among the questions with an equal hash in a bucket."""
    compare_signed(work, number, _signatures_in(work, number))


def compare_signed(work: Work, number: int, signatures: bytes) -> None:
    """Write the pairs of near-copies in a bucket.

    Args:
        work: The preparation.
        number: Of the bucket.
        signatures: All hashes in it, as `signed` returns them, those of one shard or another first.
    """
    hashes = np.frombuffer(signatures, dtype=_HASH)
    found = [np.empty((0, 2), dtype=np.intp)]
    for band in range(near_copies.BANDS):
        own = hashes[hashes["band"] == band]
        found.append(near_copies.candidates(own["value"], own["row"].astype(np.intp)))
    pairs = np.unique(np.concatenate(found), axis=0)
    common = work.scratch.load(COMMON)["common"]
    alike = np.zeros(len(pairs), dtype=bool)
    with work.records().questions(np.unique(pairs)) as questions:
        for start in range(0, len(pairs), _PAIRS_AT_ONCE):
            some = slice(start, start + _PAIRS_AT_ONCE)
            alike[some] = near_copies.are_similar(pairs[some], questions.words_in, common)
    work.scratch.bucket(number).save(PAIRS, pairs=pairs[alike])


def near_copy_pairs(work: Work) -> Iterator[NDArray[np.intp]]:
    """Yield the pairs of near-copies of each bucket, one at a time: they may be many."""
    for bucket in range(work.gathered.buckets):
        yield work.scratch.bucket(bucket).load(PAIRS)["pairs"]


def _bands(work: Work, number: int, own: NDArray[np.intp]) -> NDArray[np.uint32]:
    """Return the hashes of a shard's questions that stand for themselves, by their numbers in it.

    They are those of the first pass, unless the shingles of a template must not count.
    """
    common = work.scratch.load(COMMON)["common"]
    if not common.size:
        bands: NDArray[np.uint32] = work.scratch.shard(number).load(BANDS)["bands"]
        return bands[own]
    rows = own + work.rows(number)[0]
    with work.records().questions(rows) as questions:
        return near_copies.all_bands(
            len(rows), lambda places: questions.words_in(rows[places]), common
        )


def _signatures_in(work: Work, bucket: int) -> bytes:
    """Return the hashes in a bucket that all shards have written."""

    def read(number: int) -> bytes:
        shard = work.scratch.shard(number)
        ends = shard.load(SIGNATURES_ENDS)["ends"]
        start, end = int(ends[bucket]), int(ends[bucket + 1])
        return shard.read_bytes(SIGNATURES, start, end) if start < end else b""

    return b"".join(concurrently(read, range(len(work.plan.ranges))))
