"""Passages of the blind set in training and validation records.

A passage is 13 words in a row of a question of the blind set, found as 6 runs of 8. What several of
its questions share, or many training records, is a template and does not count. Answers are not
compared: that they are built from the same pieces, as code and SQL are, is what there is to learn.
Near-copies never straddle the split anyway; this finds what is no near-copy, a quotation inside
something longer.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.copies.words import Words

RUN = 8
RUNS = 6
_RARE = 3
"""Questions of the blind set that may share a run before it is a template's."""
_SAMPLE = 1000
_COMMON = 0.05
"""Share of a sample of the other records, from which a run is a template's."""
_FEWEST = 20
_AT_ONCE = 128
_PASSAGES_AT_ONCE = 2**17
_BITS_EACH = 4
_BITS_EACH_AGAIN = 16
_FEWEST_BITS = 16
_AGAIN = np.uint64(0xD6E8FEB86659FD93)
"""Odd: makes another hash of a hash."""


def leaked(
    blind: NDArray[np.intp], others: NDArray[np.intp], words_in: Callable[[NDArray[np.intp]], Words]
) -> NDArray[np.intp]:
    """Return which of the other records hold a passage of the blind set.

    Args:
        blind: Numbers of its records.
        others: Numbers of the records to look through.
        words_in: Returns the words of records' questions by the records' numbers.
    """
    return _holding(_telling(blind, others, words_in), others, words_in)


def telling_passages(
    blind: NDArray[np.intp], others: NDArray[np.intp], words_in: Callable[[NDArray[np.intp]], Words]
) -> NDArray[np.uint64]:
    """Return the passages of the blind set that are no template's, in order."""
    return _telling(blind, others, words_in).passages


def sampled(others: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the other records by which a template is recognized."""
    return others[:: max(1, len(others) // _SAMPLE)]


def holding(
    passages: NDArray[np.uint64],
    others: NDArray[np.intp],
    words_in: Callable[[NDArray[np.intp]], Words],
) -> NDArray[np.intp]:
    """Return which of some records hold enough of the passages; each by itself."""
    return _holding(_Sieve(passages), others, words_in)


def _telling(
    blind: NDArray[np.intp], others: NDArray[np.intp], words_in: Callable[[NDArray[np.intp]], Words]
) -> _Sieve:
    sieve = _Sieve(_passages(blind, words_in))
    sample = sampled(others)
    found = [hits for _, hits in _hits(sieve, sample, words_in, least=1)]
    seen, counts = np.unique(np.concatenate([*found, others[:0]]), return_counts=True)
    sieve.drop(seen[counts > max(_FEWEST, _COMMON * len(sample))])
    return sieve


def _holding(
    sieve: _Sieve, others: NDArray[np.intp], words_in: Callable[[NDArray[np.intp]], Words]
) -> NDArray[np.intp]:
    leaks = [others[:0]]
    for rows, hits in _hits(sieve, others, words_in, least=RUNS):
        pairs = np.unique(np.stack([rows, hits]), axis=1)
        found_rows, counts = np.unique(pairs[0], return_counts=True)
        leaks.append(found_rows[counts >= RUNS])
    return np.concatenate(leaks)


def _passages(
    rows: NDArray[np.intp], words_in: Callable[[NDArray[np.intp]], Words]
) -> NDArray[np.uint64]:
    """Return the passages that few of the records have, in order."""
    # There are dozens for each record, so each copy of them counts.
    each = array("Q")
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        runs, counts = words_in(some).passages(RUN)
        each.frombytes(runs[counts].tobytes())
    if not each:
        return np.empty(0, dtype=np.uint64)
    found = np.frombuffer(each, dtype=np.uint64)
    found.sort()
    return _few(found)


def _few(ordered: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return once each those of some numbers in order that few others equal, where they lay."""
    size = 0
    for start in range(0, len(ordered), _PASSAGES_AT_ONCE):
        some = ordered[start : start + _PASSAGES_AT_ONCE]
        after = ordered[start + _RARE : start + _RARE + len(some)]
        is_first = np.empty(len(some), dtype=bool)
        is_first[0] = start == 0 or some[0] != ordered[start - 1]
        np.not_equal(some[1:], some[:-1], out=is_first[1:])
        is_first[: len(after)] &= some[: len(after)] != after
        few = some[is_first]
        ordered[size : size + len(few)] = few
        size += len(few)
    return ordered[:size]


def _hits(
    sieve: _Sieve,
    rows: NDArray[np.intp],
    words_in: Callable[[NDArray[np.intp]], Words],
    *,
    least: int,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield rows that may hold so many runs at least, with the number of each that they hold."""
    passages = sieve.passages
    for start in range(0, len(rows) if passages.size else 0, _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        words = words_in(some)
        runs, counts = words.passages(RUN)
        maybe = sieve.passed(runs)
        maybe = maybe[counts[maybe]]
        owner = np.searchsorted(words.first, maybe, side="right") - 1
        enough = np.bincount(owner, minlength=len(some))[owner] >= least
        maybe, owner = maybe[enough], owner[enough]
        place = np.minimum(np.searchsorted(passages, runs[maybe]), len(passages) - 1)
        sure = passages[place] == runs[maybe]
        if sure.any():
            yield some[owner[sure]], place[sure]


class _Sieve:
    """Holds nearly every run of words back that is no passage, and none that is one.

    A Bloom filter of two tables, each with a bit for each passage. The first is small, so that most
    runs are refused out of a processor's cache, and the second larger than that.
    """

    def __init__(self, passages: NDArray[np.uint64]) -> None:
        self.passages = passages
        self._small = _Table(_BITS_EACH * len(passages))
        self._large = _Table(_BITS_EACH_AGAIN * len(passages))
        for start in range(0, len(passages), _PASSAGES_AT_ONCE):
            some = passages[start : start + _PASSAGES_AT_ONCE]
            self._small.add(some)
            self._large.add(np.sort(some * _AGAIN))

    def drop(self, places: NDArray[np.intp]) -> None:
        """Let the passages with these numbers be passages no more; the tables may pass them."""
        # A copy of all of them is only made where it must be.
        if places.size:
            self.passages = np.delete(self.passages, places)

    def passed(self, runs: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Return the numbers of the runs that may be passages."""
        once = self._small.found(runs)
        return once[self._large.found(runs[once] * _AGAIN)]


class _Table:
    """So many bits at least, one for each place that the high bits of hashes name."""

    def __init__(self, least: int) -> None:
        bits = max(_FEWEST_BITS, least.bit_length())
        self._shift = np.uint64(64 - bits)
        self._octets = np.zeros(2 ** (bits - 3), dtype=np.uint8)

    def add(self, hashes: NDArray[np.uint64]) -> None:
        """Set the bits of hashes in order."""
        octets, bit = self._places(hashes)
        begins = np.flatnonzero(np.append(True, octets[1:] != octets[:-1]))
        self._octets[octets[begins]] |= np.bitwise_or.reduceat(np.uint8(1) << bit, begins)

    def found(self, hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Return the numbers of the hashes whose bits are set."""
        octets, bit = self._places(hashes)
        found = self._octets.take(octets)
        found >>= bit
        found &= np.uint8(1)
        return np.flatnonzero(found.view(bool))

    def _places(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
        places = hashes >> self._shift
        bit = places.astype(np.uint8)
        bit &= np.uint8(7)
        places >>= np.uint64(3)
        return places.view(np.intp), bit
