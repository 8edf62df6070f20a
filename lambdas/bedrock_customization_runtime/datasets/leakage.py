"""Passages of the blind set in training and validation records.

A passage is 13 words in a row of a question of the blind set, found as 6 runs of 8. What several of
its questions share, or many training records, is a template and does not count. Answers are not
compared: that they are built from the same pieces, as code and SQL are, is what there is to learn.
Near-copies never straddle the split anyway; this finds what is no near-copy, a quotation inside
something longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.words import Words

RUN = 8
RUNS = 6
_RARE = 3
"""Questions of the blind set that may share a run before it is a template's."""
_SAMPLE = 1000
_COMMON = 0.05
"""Share of a sample of the other records, from which a run is a template's."""
_FEWEST = 20
_BUCKET_BITS = 25
_AT_ONCE = 128
_SHIFT = np.uint64(64 - _BUCKET_BITS)


def leaked(
    blind: NDArray[np.intp], others: NDArray[np.intp], words_in: Callable[[NDArray[np.intp]], Words]
) -> NDArray[np.intp]:
    """Return which of the other records hold a passage of the blind set.

    Args:
        blind: Numbers of its records.
        others: Numbers of the records to look through.
        words_in: Returns the words of records' questions by the records' numbers.
    """
    passages = _passages(blind, words_in)
    if not passages.size or not others.size:
        return others[:0]
    sample = others[:: max(1, len(others) // _SAMPLE)]
    found = [passages[hits] for _, hits in _hits(passages, sample, words_in, least=1)]
    seen, counts = np.unique(np.concatenate([*found, passages[:0]]), return_counts=True)
    common = seen[counts > max(_FEWEST, _COMMON * len(sample))]
    passages = np.setdiff1d(passages, common, assume_unique=True)
    leaks = [others[:0]]
    for rows, hits in _hits(passages, others, words_in, least=RUNS):
        pairs = np.unique(np.stack([rows, hits]), axis=1)
        found_rows, counts = np.unique(pairs[0], return_counts=True)
        leaks.append(found_rows[counts >= RUNS])
    return np.concatenate(leaks)


def _passages(rows: NDArray[np.intp], words_in: Callable[[NDArray[np.intp]], Words]) -> NDArray[np.uint64]:
    """Return the passages that few of the records have, in order."""
    each = []
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        each.append(words_in(some).passages(RUN)[0])
    found, counts = np.unique(np.concatenate([*each, np.empty(0, "u8")]), return_counts=True)
    return found[counts <= _RARE]


def _hits(
    passages: NDArray[np.uint64],
    rows: NDArray[np.intp],
    words_in: Callable[[NDArray[np.intp]], Words],
    *,
    least: int,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield rows that may hold so many runs at least, with the number of each that they hold."""
    if not passages.size:
        return
    # One look at a table answers for nearly every run of words.
    occupied = np.zeros(2**_BUCKET_BITS, dtype=bool)
    occupied[passages >> _SHIFT] = True
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        runs, owner = words_in(some).passages(RUN)
        maybe = np.flatnonzero(occupied[runs >> _SHIFT])
        suspects = owner[maybe]
        maybe = maybe[np.bincount(suspects, minlength=len(some))[suspects] >= least]
        place = np.minimum(np.searchsorted(passages, runs[maybe]), len(passages) - 1)
        sure = passages[place] == runs[maybe]
        if sure.any():
            yield some[owner[maybe[sure]]], place[sure]
