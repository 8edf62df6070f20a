"""What executors do: each function takes a shard, a bucket or a piece, wherever it runs.

Tasks come to the executors by the name of their function, so the functions stand in a module and
take nothing with them but the URI of the scratch.
"""

from __future__ import annotations

from functools import cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.sharded_preparation import comparing, dividing, examining
from bedrock_customization_runtime.sharded_preparation.stores import piece_ends, piece_lines
from bedrock_customization_runtime.sharded_preparation.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Lines = tuple[bytes, list[bytes]]
"""Keys, 64 bits each, in order, and the line of each."""


def examine(uri: str, shard: int) -> None:
    """Examine a shard, unless that is done."""
    examining.examine(_work(uri), shard)


def sign(uri: str, shard: int) -> Iterator[tuple[int, bytes]]:
    """Yield the hashes of a shard's questions by the bucket that they belong to."""
    hashes, ends = comparing.signed(_work(uri), shard)
    for bucket, (start, end) in enumerate(pairwise(ends.tolist())):
        if start < end:
            yield bucket, hashes[start:end].tobytes()


def compare(uri: str, bucket: tuple[int, Iterable[bytes]]) -> int:
    """Write the pairs of near-copies in a bucket; return its number."""
    number, signatures = bucket
    comparing.compare_signed(_work(uri), number, b"".join(signatures))
    return number


def divide(uri: str, shard: int) -> Iterator[tuple[int, Lines]]:
    """Yield a shard's lines by the piece that they belong to; pieces count through all sides."""
    work = _work(uri)
    pieces = work.plan.pieces
    for side, keys, lines in dividing.divided(work, shard):
        for piece, (first, last) in enumerate(pairwise(piece_ends(keys, pieces).tolist())):
            if first < last:
                some = list(islice(lines, last - first))
                yield side * pieces + piece, (keys[first:last].tobytes(), some)


def put_in_order(uri: str, piece: tuple[int, Iterable[Lines]]) -> tuple[int, int]:
    """Write the lines of a piece by their keys; return its number and its size in bytes."""
    number, parts = piece
    work = _work(uri)
    keys: list[bytes] = []
    lines: list[bytes] = []
    for some_keys, some in parts:
        keys.append(some_keys)
        lines += some
    order = np.argsort(np.frombuffer(b"".join(keys), dtype=np.uint64)).tolist()
    side, own = divmod(number, work.plan.pieces)
    work.scratch.write_lines(piece_lines(Side(side), own), (lines[place] for place in order))
    return number, sum(map(len, lines))


@cache
def _work(uri: str) -> Work:
    """Return the preparation, once in each process of an executor."""
    return Work(aws.s3(), uri)
