"""Examine shard: every record of some lines judged; the accepted ones kept with their index."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets.examination import examine_all, examine_shard
from bedrock_customization_runtime.datasets.reading.lines import LineCounter
from bedrock_customization_runtime.datasets.shards import ShardSummary, refused_shard, summary_of
from bedrock_customization_runtime.errors import DatasetRejected, SourceChanged
from bedrock_customization_runtime.s3.prefixes import PinnedPrefix
from bedrock_customization_runtime.s3.streams import PinnedObject
from bedrock_customization_runtime.sharded_preparation.stores import COLUMNS
from bedrock_customization_runtime.sharded_preparation.work import (
    ACCEPTED,
    ACCEPTED_ENDS,
    BANDS,
    REJECTED,
    SUMMARY,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.datasets.examined import Examined
    from bedrock_customization_runtime.sharded_preparation.scratch import Scratch
    from bedrock_customization_runtime.sharded_preparation.work import Work


def examine(work: Work, number: int) -> None:
    """Examine a shard, unless that is done; its summary, written last, says so.

    A shard that finds the source changed leaves no summary, and one that cannot read an object says
    so there. Neither fails, because its error would reach nobody: a Map state has an error of its
    own. The next step finds out, and raises it.
    """
    shard = work.scratch.shard(number)
    if shard.find(SUMMARY, ShardSummary) is not None:
        return
    try:
        if work.plan.source is None:
            _examine_objects(work, number, shard)
        else:
            _examine_lines(work, number, shard)
    except SourceChanged:
        return


def _examine_lines(work: Work, number: int, shard: Scratch) -> None:
    counter = LineCounter()
    source = PinnedObject(work.s3, work.run["source"], version=work.plan.source)
    chunks = counter.counted(source.chunks(*work.plan.ranges[number]))
    try:
        with examine_shard(chunks, work.settings) as examined:
            _keep(shard, examined)
            shard.write(SUMMARY, summary_of(examined, lines=counter.count))
    except DatasetRejected as refusal:
        shard.write(SUMMARY, refused_shard(str(refusal)))


def _examine_objects(work: Work, number: int, shard: Scratch) -> None:
    some = work.plan.objects[slice(*work.plan.ranges[number])]
    source = PinnedPrefix(work.s3, work.run["source"], objects=some)
    try:
        with examine_all(source.contents(), work.settings) as examined:
            _keep(shard, examined)
            shard.write(SUMMARY, summary_of(examined, digests=source.digests))
    except DatasetRejected as refusal:
        shard.write(SUMMARY, refused_shard(str(refusal)))


def _keep(shard: Scratch, examined: Examined) -> None:
    sizes = [0]

    def accepted() -> Iterator[bytes]:
        for line in examined.lines(np.arange(examined.accepted)):
            sizes.append(len(line))
            yield line

    shard.write_lines(ACCEPTED, accepted())
    shard.save(ACCEPTED_ENDS, ends=np.cumsum(sizes, dtype=np.uint64))
    shard.write_lines(REJECTED, examined.rejected_lines())
    shard.save(COLUMNS, **asdict(examined.columns()))
    shard.save(BANDS, bands=examined.index.bands())
