"""What the driver does: send the stages to the executors, and decide on the index in between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import index
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.s3.streams import PinnedObject
from bedrock_customization_runtime.sharded_preparation.dividing import decide
from bedrock_customization_runtime.sharded_preparation.finishing import finish
from bedrock_customization_runtime.sharded_preparation.gathering import gather
from bedrock_customization_runtime.sharded_preparation.stores import PIECES
from bedrock_customization_runtime.sharded_preparation.work import Work
from bedrock_customization_runtime.spark_preparation import stages

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark import SparkContext

    from bedrock_customization_runtime.contract import Preparation


def prepare(context: SparkContext, s3: S3Client, uri: str, *, memory: int) -> Preparation:
    """Prepare a source that was planned for Spark; the same bytes as by functions.

    Args:
        context: Of Spark, whose executors can read and write S3 as this process does.
        s3: Client of the driver.
        uri: Of the scratch, where the plan is.
        memory: Of the driver, for Python, in bytes: it holds the index of all usable records.

    Raises:
        SourceChanged: The source was overwritten while it was read.
        DatasetRejected: The data cannot be used; the report is written nevertheless.
    """
    work = Work(s3, uri)
    count = len(work.plan.ranges)
    shards = context.parallelize(range(count), count)
    source = work.source
    with ThreadPoolExecutor(1) as beside:
        # The digest of one object is made of its bytes in order, so nobody can share that work;
        # the driver has nothing else to do.
        digest = beside.submit(
            lambda: source.digest() if isinstance(source, PinnedObject) else None
        )
        shards.foreach(partial(stages.examine, uri))
        buckets = gather(work, memory, digest=digest.result())["buckets"]
    if buckets:
        signed = shards.flatMap(partial(stages.sign, uri))
        # A bucket of its own for each partition, and of no other: its number is its hash.
        in_buckets = signed.groupByKey(buckets, partitionFunc=index)
        compared = set(in_buckets.map(partial(stages.compare, uri)).collect())
        for bucket in set(range(buckets)) - compared:
            stages.compare(uri, (bucket, []))
    decide(work)
    pieces = work.plan.pieces * len(Side)
    divided = shards.flatMap(partial(stages.divide, uri)).groupByKey(pieces, partitionFunc=index)
    sizes = np.zeros(pieces, dtype=np.uint64)
    for piece, size in divided.map(partial(stages.put_in_order, uri)).collect():
        sizes[piece] = size
    work.scratch.save(PIECES, sizes=sizes)
    # What a step notes of the data, the next notes again: each begins with none, as in functions.
    return finish(Work(s3, uri))
