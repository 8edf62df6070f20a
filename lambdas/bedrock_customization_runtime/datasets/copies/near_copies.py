"""Near-copies: questions that share most of their runs of five words.

A signature of 128 one-permutation hashes is cut into 16 bands of 8; questions with an equal band
are compared exactly, and belong together from a Jaccard similarity of 0.7. Only the bands are kept,
64 bytes a record; the words of candidates are read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets.copies.clusters import distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.copies.words import Words

SIMILAR = 0.7
"""Jaccard similarity of two sets of shingles, from which texts are near-copies."""
SHINGLE = 5
BANDS = 16
_HASHES = 128
_ROWS = _HASHES // BANDS
_EMPTY = np.uint32(0xFFFFFFFF)
_PAIRS_AT_ONCE = 1024
_TEXTS_AT_ONCE = 128
_NONE = np.empty(0, dtype=np.uint32)
SAMPLE = 512
"""Records by which a template is recognized."""
_COMMON = 0.1
"""Share of the sample, from which a shingle is a template's."""
_FEWEST = 5
_REFUSED_REMEMBERED = 2**20
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


def bands_of(words: Words, common: NDArray[np.uint32] = _NONE) -> NDArray[np.uint32]:
    """Return 16 hashes for each text; similar texts likely share one of them.

    Args:
        words: Of the texts.
        common: Shingles that do not count.
    """
    texts = len(words.first) - 1
    shingles, owner = _without(common, *words.shingles(SHINGLE))
    signature = np.full(texts * _HASHES, _EMPTY, dtype=np.uint32)
    place = owner * _HASHES + (shingles & np.uint32(_HASHES - 1))
    np.minimum.at(signature, place, shingles >> np.uint32(7))
    dense = _densified(signature.reshape(texts, _HASHES)).reshape(texts * BANDS, _ROWS)
    bands = np.zeros(texts * BANDS, dtype=np.uint32)
    for row in np.ascontiguousarray(dense.T):
        bands ^= row
        bands *= np.uint32(0x9E3779B1)
        bands ^= bands >> np.uint32(15)
    return bands.reshape(texts, BANDS)


def common_shingles(words: Words) -> NDArray[np.uint32]:
    """Return the shingles that many of some texts share: those of a template around the data.

    With them, every question of a template longer than what it asks would be a copy of every other.
    """
    tagged, first = _shingle_sets(words, _NONE)
    found, counts = np.unique(tagged.astype(np.uint32), return_counts=True)
    return found[counts > max(_FEWEST, _COMMON * (len(first) - 1))]


def all_bands(
    rows: int, words_in: Callable[[NDArray[np.intp]], Words], common: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """Return the bands of every record, without the shingles of a template."""
    parts = [np.empty((0, BANDS), dtype=np.uint32)]
    for start in range(0, rows, _TEXTS_AT_ONCE):
        some = np.arange(start, min(start + _TEXTS_AT_ONCE, rows))
        parts.append(bands_of(words_in(some), common))
    return np.concatenate(parts)


def joined(
    bands: NDArray[np.uint32],
    keys: NDArray[np.uint64],
    words_in: Callable[[NDArray[np.intp]], Words],
    common: NDArray[np.uint32] = _NONE,
    *,
    similar: float = SIMILAR,
) -> NDArray[np.intp]:
    """Return for each record the first record that it is a near-copy of, itself if none.

    Args:
        bands: Of each record, as `bands_of` returns them.
        keys: Of each record; equal ones are copies without being compared.
        words_in: Returns the words of records' questions by the records' numbers.
        common: Shingles that do not count.
        similar: Similarity from which records are near-copies.
    """
    first, which = distinct(keys)
    rows = np.sort(first)
    forest = _Forest(len(keys))
    refused: set[int] = set()
    for band in range(BANDS):
        pairs = candidates(bands[rows, band], rows)
        roots = forest.roots()
        pairs = pairs[roots[pairs[:, 0]] != roots[pairs[:, 1]]]
        packed = pairs[:, 0] * len(keys) + pairs[:, 1]
        pairs = pairs[[pair not in refused for pair in packed.tolist()]]
        for start in range(0, len(pairs), _PAIRS_AT_ONCE):
            some = pairs[start : start + _PAIRS_AT_ONCE]
            alike = are_similar(some, words_in, common, similar=similar)
            for left, right in some[alike].tolist():
                forest.join(left, right)
            if len(refused) < _REFUSED_REMEMBERED:
                refused.update((some[~alike, 0] * len(keys) + some[~alike, 1]).tolist())
    return forest.roots()[first][which]


def united(keys: NDArray[np.uint64], similar: Iterable[NDArray[np.intp]]) -> NDArray[np.intp]:
    """Return for each record the first record that it is a near-copy of, itself if none.

    Args:
        keys: Of each record; equal ones are copies.
        similar: Pairs of similar records, each the first with its key.
    """
    first, which = distinct(keys)
    forest = _Forest(len(keys))
    for pairs in similar:
        for left, right in pairs.tolist():
            forest.join(left, right)
    return forest.roots()[first][which]


def candidates(band: NDArray[np.uint32], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the pairs of records to compare, of those with equal hashes in one band.

    Args:
        band: One of the 16 hashes of each record.
        rows: Their numbers, in order.

    Returns:
        Each record with the first of its hash, and with the one before, in order.
    """
    ordered = np.sort((band.astype(np.uint64) << _HALF) | rows.astype(np.uint64))
    sorted_band, members = ordered >> _HALF, (ordered & _LOW).astype(np.intp)
    is_next = np.flatnonzero(sorted_band[1:] == sorted_band[:-1]) + 1
    begins = np.flatnonzero(np.append(True, sorted_band[1:] != sorted_band[:-1]))
    head = begins[np.searchsorted(begins, is_next, side="right") - 1]
    stars, chains = (
        (members[before].astype(np.uint64) << _HALF) | members[is_next].astype(np.uint64)
        for before in (head, is_next - 1)
    )
    pairs = np.unique(np.concatenate([stars, chains]))
    return np.stack([pairs >> _HALF, pairs & _LOW], axis=1).astype(np.intp)


def are_similar(
    pairs: NDArray[np.intp],
    words_in: Callable[[NDArray[np.intp]], Words],
    common: NDArray[np.uint32] = _NONE,
    *,
    similar: float = SIMILAR,
) -> NDArray[np.bool_]:
    """Return which pairs of records are near-copies; by their shingles, without estimates."""
    return _similarity(pairs, words_in, common) >= similar


def _densified(signature: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Fill each empty hash with the next one to its right, round the end, and the way there."""
    texts, count = signature.shape
    flat = signature.ravel()
    is_empty = flat == _EMPTY
    empty = np.flatnonzero(is_empty)
    if not empty.size:
        return signature
    full = np.append(np.flatnonzero(~is_empty), flat.size)
    # So many full ones stand before an empty one as there are places before it, less the empty.
    following = full[empty - np.arange(len(empty))]
    row = empty // count
    begins = np.arange(texts) * count
    first = full[begins - np.searchsorted(empty, begins)]
    wraps = following >= (row + 1) * count
    following[wraps] = first[row[wraps]]
    way = following - empty + count * wraps
    dense = flat.copy()
    # What is empty throughout stays so: its first full one is another's, or none.
    fills = following // count == row
    filled = following[fills]
    dense[empty[fills]] = flat[filled] + way[fills].astype(np.uint32) * np.uint32(0x85EBCA6B)
    return dense.reshape(texts, count)


def _similarity(
    pairs: NDArray[np.intp],
    words_in: Callable[[NDArray[np.intp]], Words],
    common: NDArray[np.uint32],
) -> NDArray[np.float64]:
    """Return the Jaccard similarity of the two sides of each pair."""
    rows, inverse = np.unique(pairs, return_inverse=True)
    shingles, first = _shingle_sets(words_in(rows), common)
    sides = inverse.reshape(pairs.shape)
    sizes = np.diff(first)[sides]
    tagged = []
    for side, size in zip(sides.T, sizes.T, strict=True):
        pair = np.repeat(np.arange(len(pairs)), size)
        inside = np.arange(len(pair)) - np.repeat(np.cumsum(size) - size, size)
        tagged.append((pair.astype(np.uint64) << _HALF) | shingles[first[side][pair] + inside])
    both = np.sort(np.concatenate(tagged))
    shared = both[1:][both[1:] == both[:-1]] >> _HALF
    both_have = np.bincount(shared.astype(np.intp), minlength=len(pairs))
    one_has = sizes.sum(axis=1) - both_have
    return np.asarray(both_have / np.maximum(one_has, 1), dtype=np.float64)


def _without(
    common: NDArray[np.uint32], shingles: NDArray[np.uint32], owner: NDArray[np.intp]
) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    if not common.size:
        return shingles, owner
    counts = ~np.isin(shingles, common)
    return shingles[counts], owner[counts]


def _shingle_sets(
    words: Words, common: NDArray[np.uint32]
) -> tuple[NDArray[np.uint64], NDArray[np.intp]]:
    """Return each text's distinct shingles, one text after the other, and where each begins."""
    shingles, owner = _without(common, *words.shingles(SHINGLE))
    tagged = np.sort((owner.astype(np.uint64) << _HALF) | shingles)
    tagged = tagged[np.append(True, tagged[1:] != tagged[:-1])[: len(tagged)]]
    texts = np.arange(len(words.first), dtype=np.uint64)
    return tagged & _LOW, np.searchsorted(tagged, texts << _HALF)


class _Forest:
    """Rows that belong together, each under its first."""

    def __init__(self, rows: int) -> None:
        self._parent = np.arange(rows, dtype=np.intp)

    def roots(self) -> NDArray[np.intp]:
        """Return the first row that each belongs to."""
        while True:
            higher = self._parent[self._parent]
            if np.array_equal(higher, self._parent):
                return higher
            self._parent = higher

    def join(self, left: int, right: int) -> None:
        """Let two rows, and all with them, belong together."""
        left, right = self._root(left), self._root(right)
        self._parent[max(left, right)] = min(left, right)

    def _root(self, row: int) -> int:
        while self._parent[row] != row:
            row = int(self._parent[row])
        return row
