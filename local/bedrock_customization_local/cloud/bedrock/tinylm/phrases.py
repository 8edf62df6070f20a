"""Phrases: words that often follow each other in completions become one token.

This is byte-pair encoding, of words. A completion of a hundred words that repeats a template is
then a handful of decisions, which is what makes training on one core feasible.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROUNDS = 30
_MERGES_PER_ROUND = 32
_MINIMUM_COUNT = 4
_WORDS_LOOKED_AT = 30_000

Merge = tuple[str, str]


def learn_merges(runs: Mapping[tuple[str, ...], int]) -> tuple[Merge, ...]:
    """Return the pairs to merge, in order.

    Args:
        runs: Sequences of words, each with how often it occurs.
    """
    pieces: list[tuple[list[str], int]] = []
    seen = 0
    for run, count in sorted(runs.items(), key=lambda item: (-item[1], item[0])):
        seen += len(run)
        if seen > _WORDS_LOOKED_AT:
            break
        pieces.append((list(run), count))
    merges: list[Merge] = []
    for _ in range(_ROUNDS):
        found = _frequent_pairs(pieces)
        if not found:
            break
        merges += found
        chosen = set(found)
        pieces = [(_apply(run, chosen), count) for run, count in pieces]
    return tuple(merges)


class Merger:
    """Joins the phrases of a run.

    Args:
        merges: What `learn_merges` found.
    """

    def __init__(self, merges: Sequence[Merge]) -> None:
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}

    def merge(self, run: Sequence[str]) -> tuple[str, ...]:
        """Return a run with its phrases joined: the earliest learned merge first."""
        ranks = self._ranks
        pieces = list(run)
        while True:
            pairs = {pair for pair in itertools.pairwise(pieces) if pair in ranks}
            if not pairs:
                return tuple(pieces)
            pieces = _apply(pieces, {min(pairs, key=ranks.__getitem__)})


def _frequent_pairs(pieces: Sequence[tuple[list[str], int]]) -> list[Merge]:
    """Return the most frequent pairs of which no two share a word."""
    counts: Counter[Merge] = Counter()
    for run, count in pieces:
        for pair in itertools.pairwise(run):
            counts[pair] += count
    taken: set[str] = set()
    found: list[Merge] = []
    for pair, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count < _MINIMUM_COUNT or len(found) == _MERGES_PER_ROUND:
            break
        if taken.isdisjoint(pair):
            taken.update(pair)
            found.append(pair)
    return found


def _apply(run: Sequence[str], chosen: set[Merge]) -> list[str]:
    if not any(pair in chosen for pair in itertools.pairwise(run)):
        return list(run)
    pieces: list[str] = []
    position = 0
    while position < len(run):
        if tuple(run[position : position + 2]) in chosen:
            pieces.append(run[position] + run[position + 1])
            position += 2
        else:
            pieces.append(run[position])
            position += 1
    return pieces
