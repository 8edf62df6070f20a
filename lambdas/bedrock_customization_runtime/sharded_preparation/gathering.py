"""Gather: the shards added up, and what comparing questions must know of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets import refusals
from bedrock_customization_runtime.datasets.checking.rejections import Rejections
from bedrock_customization_runtime.datasets.copies import near_copies
from bedrock_customization_runtime.datasets.preparation import template_sample
from bedrock_customization_runtime.errors import DatasetRejected
from bedrock_customization_runtime.preparation import refused, write_rejected
from bedrock_customization_runtime.s3.sources import record_of
from bedrock_customization_runtime.s3.streams import PinnedObject, concurrently
from bedrock_customization_runtime.sharded_preparation.work import (
    COMMON,
    GATHERED,
    REJECTED,
    STANDING,
    Gathered,
    Records,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bedrock_customization_runtime.contract import GatheredShards
    from bedrock_customization_runtime.datasets.index import Columns
    from bedrock_customization_runtime.manifest import FileRecord
    from bedrock_customization_runtime.sharded_preparation.work import Work

_SHARDS_A_BUCKET = 4
_HASHES_A_BUCKET = 2**22


def gather(work: Work, memory: int, *, digest: str | None = None) -> GatheredShards:
    """Add up what the shards found, and refuse what cannot be used.

    Args:
        work: The preparation.
        memory: Of the functions, in bytes.
        digest: SHA-256 of the source, if it is one object that has been read meanwhile.

    Raises:
        SourceChanged: The source was overwritten while it was read.
        DatasetRejected: The data cannot be used. The report and the rejected records are written
            nevertheless, unless the template names columns that the data have not.
    """
    source = work.source
    if digest is None and isinstance(source, PinnedObject):
        # The shards of a prefix have read its objects whole, those of an object have not.
        digest = source.digest()
    examined = work.examined
    examined.check_columns()
    rejected = _write_rejected(work)
    try:
        refusals.check_memory(examined.accepted, memory)
        refusals.check_rejected(examined)
        examined.check_slices()
    except DatasetRejected as refusal:
        raise refused(work.s3, work.run, examined, refusal, rejected) from None
    gathered = Gathered(
        source=record_of(source, sha256=digest or examined.sha256, records=examined.read),
        rejected=rejected,
        buckets=_choose_representatives(work) if work.settings.near_copies else 0,
        first_rows=examined.first_rows,
    )
    work.scratch.write(GATHERED, gathered)
    return {"buckets": gathered.buckets}


def _write_rejected(work: Work) -> FileRecord | None:
    rejections = Rejections()
    try:
        for shard in work.examined.with_rejections:
            found = work.scratch.shard(shard).read_lines(REJECTED)
            rejections.append(found, lines_before=work.examined.lines_before[shard])
        return write_rejected(work.s3, work.run, rejections.lines())
    finally:
        rejections.close()


def _choose_representatives(work: Work) -> int:
    """Say of each shard which questions stand for all with the same words; return the buckets."""
    columns = work.examined.columns()
    common = _template_shingles(work, columns)
    work.scratch.save(COMMON, common=common)
    stands = np.zeros(len(columns.near), dtype=bool)
    stands[np.unique(columns.near, return_index=True)[1]] = True
    shards = range(len(work.plan.ranges))
    first_rows = work.examined.first_rows

    def write(shard: int) -> None:
        first, following = first_rows[shard : shard + 2]
        work.scratch.shard(shard).save(STANDING, stands=stands[first:following])

    for _ in concurrently(write, shards):
        pass
    hashes = int(np.count_nonzero(stands)) * near_copies.BANDS
    return max(-(-len(shards) // _SHARDS_A_BUCKET), -(-hashes // _HASHES_A_BUCKET))


def _template_shingles(work: Work, columns: Columns) -> NDArray[np.uint32]:
    sample = template_sample(columns)
    if not sample.size:
        return np.empty(0, dtype=np.uint32)
    records = Records(work.scratch, work.settings, work.examined.first_rows)
    with records.questions(np.sort(sample)) as questions:
        return near_copies.common_shingles(questions.words_in(sample))
