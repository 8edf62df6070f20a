"""Where the records of all shards are: their index by shard, their lines by side and by key."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets.index import Columns
from bedrock_customization_runtime.s3.streams import concurrently

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.shards import ShardStore
    from bedrock_customization_runtime.datasets.splitting import Side
    from bedrock_customization_runtime.sharded_preparation.scratch import Scratch

COLUMNS = "columns.npz"
PIECES = "pieces.npz"
"""Bytes of each piece, all sides' pieces one side after the other."""
_MERGED_AT_ONCE = 64 * 2**20
"""Bytes of a side's lines that are put in order in memory."""


def store_of(scratch: Scratch, shards: int, pieces: int) -> ShardStore:
    """Return where a preparation keeps its records.

    Args:
        scratch: Of the preparation.
        shards: How many there are.
        pieces: Of each side, which Spark has put in order; 0 where each shard keeps its own lines.
    """
    return _InPieces(scratch, shards, pieces) if pieces else _OfShards(scratch, shards)


def side_lines(side: Side) -> str:
    """Return the name of a shard's lines of a side."""
    return f"{side.name.lower()}.jsonl"


def side_index(side: Side) -> str:
    """Return the name of their keys, in order, and where each ends, from 0 on."""
    return f"{side.name.lower()}.npz"


def piece_lines(side: Side, number: int) -> str:
    """Return the name of the lines of a piece of a side."""
    return f"pieces/{side.name.lower()}-{number:05}.jsonl"


def piece_ends(keys: NDArray[np.uint64], pieces: int) -> NDArray[np.intp]:
    """Return where among some keys, in order, each piece begins, and where the last ends.

    Keys are hashes, so that pieces of as many values hold about as many.
    """
    bounds = np.array([2**64 * piece // pieces for piece in range(1, pieces)], dtype=np.uint64)
    return np.concatenate([[0], np.searchsorted(keys, bounds), [len(keys)]])


class _OfShards:
    """Each shard keeps its own lines of a side, in order."""

    def __init__(self, scratch: Scratch, shards: int) -> None:
        self._scratch = scratch
        self._shards = range(shards)

    def columns(self) -> Iterator[Columns]:
        for found in concurrently(
            lambda shard: self._scratch.shard(shard).load(COLUMNS), self._shards
        ):
            yield Columns(**{column.name: found[column.name] for column in fields(Columns)})

    def size(self, side: Side) -> int:
        return sum(int(part["ends"][-1]) for part in self._indexes(side))

    def lines(self, side: Side) -> Iterator[bytes]:
        """Merge the shards' lines, which are in order, range of keys by range of keys."""
        parts = self._indexes(side)
        size = sum(int(part["ends"][-1]) for part in parts)
        pieces = max(1, -(-size // _MERGED_AT_ONCE))
        cuts = [piece_ends(part["keys"], pieces) for part in parts]
        for piece in range(pieces):
            yield from self._merged(side, parts, [cut[piece : piece + 2].tolist() for cut in cuts])

    def _indexes(self, side: Side) -> list[dict[str, NDArray[np.uint64]]]:
        return list(
            concurrently(
                lambda shard: self._scratch.shard(shard).load(side_index(side)), self._shards
            )
        )

    def _merged(
        self, side: Side, parts: list[dict[str, NDArray[np.uint64]]], places: list[list[int]]
    ) -> Iterator[bytes]:
        def read(shard: int) -> list[bytes]:
            first, last = places[shard]
            ends = parts[shard]["ends"][first : last + 1].tolist()
            data = self._scratch.shard(shard).read_bytes(side_lines(side), ends[0], ends[-1])
            return [data[start - ends[0] : end - ends[0]] for start, end in pairwise(ends)]

        shards = [shard for shard, (first, last) in enumerate(places) if first < last]
        if not shards:
            return
        keys = np.concatenate([parts[shard]["keys"][slice(*places[shard])] for shard in shards])
        lines = [line for some in concurrently(read, shards) for line in some]
        for place in np.argsort(keys).tolist():
            yield lines[place]


class _InPieces(_OfShards):
    """All shards' lines of a side, in order, lie in pieces one after the other."""

    def __init__(self, scratch: Scratch, shards: int, pieces: int) -> None:
        super().__init__(scratch, shards)
        self._pieces = pieces

    def size(self, side: Side) -> int:
        return int(self._sizes(side).sum())

    def lines(self, side: Side) -> Iterator[bytes]:
        sizes = self._sizes(side)

        def read(piece: int) -> bytes:
            return self._scratch.read_bytes(piece_lines(side, piece), 0, int(sizes[piece]))

        for data in concurrently(read, np.flatnonzero(sizes).tolist(), at_a_time=4):
            *lines, _ = data.split(b"\n")
            for line in lines:
                yield line + b"\n"

    def _sizes(self, side: Side) -> NDArray[np.uint64]:
        sizes: NDArray[np.uint64] = self._scratch.load(PIECES)["sizes"]
        return sizes[side * self._pieces : (side + 1) * self._pieces]
