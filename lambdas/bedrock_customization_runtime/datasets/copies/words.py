"""Texts as arrays of word hashes: what near-copies, leaked passages and clusters are found by.

A word is a run of letters, digits and marks, its case folded; every digit counts for nothing, so
that texts which differ in their numbers alone are the same. In scripts without spaces each
character is a word. Many texts are hashed at once, in a few passes of NumPy over their bytes: with
prefix sums of a polynomial, the hash of a word is a difference of two of them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import xxhash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SEPARATOR = 32
_NO_WORD = re.compile(r"[\W_]+")
_WIDE = re.compile("([\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0eff\u1780-\u17ff])")
_BASE = 0x9E3779B1
"""Odd, so that it has an inverse modulo 2**32."""
_WIDE_BASE = 0x9E3779B97F4A7C15
_ODD = np.uint64(0xBF58476D1CE4E5B9)
_STEP = np.uint64(2 * 0xBF58476D1CE4E5B9 % 2**64)
_BLOCK = 1 << 18
_FEWEST_POWERS = 16
_WITHOUT_DIGITS = str.maketrans("0123456789", "ghijklmnop")
_Word = TypeVar("_Word", np.uint32, np.uint64)
_NARROW, _WIDE_WORD = np.dtype(np.uint32), np.dtype(np.uint64)

# Letters in lower case, a digit the byte that counts for nothing, the rest of ASCII a separator;
# bytes beyond ASCII belong to words.
_DIGIT = 33
_FOLDING = bytes(
    code
    if code >= 128  # noqa: PLR2004 - the end of ASCII
    else _DIGIT
    if chr(code).isdigit()
    else ord(chr(code).lower())
    if chr(code).isalpha()
    else _SEPARATOR
    for code in range(256)
)


def _mixed(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the values stirred, in place (the finalizer of MurmurHash3)."""
    values ^= values >> np.uint32(16)
    values *= np.uint32(0x85EBCA6B)
    values ^= values >> np.uint32(13)
    values *= np.uint32(0xC2B2AE35)
    values ^= values >> np.uint32(16)
    return values


def _powers(base: int, count: int, kind: np.dtype[_Word]) -> NDArray[_Word]:
    """Return so many powers of a base, modulo what the type holds."""
    factors = np.full(count, base % 2 ** (8 * kind.itemsize), dtype=kind)
    factors[:1] = 1
    return np.cumprod(factors, dtype=kind)


@cache
def _tables(base: int, size: int, kind: np.dtype[_Word]) -> tuple[NDArray[_Word], NDArray[_Word]]:
    inverse = pow(base, -1, 2 ** (8 * kind.itemsize))
    return _powers(base, size, kind), _powers(inverse, size, kind)


def _scales(base: int, count: int, kind: np.dtype[_Word]) -> tuple[NDArray[_Word], NDArray[_Word]]:
    """Return so many powers of a base, and of its inverse, at least."""
    return _tables(base, 1 << max(_FEWEST_POWERS, count.bit_length()), kind)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of some texts, one after the other."""

    hashes: NDArray[np.uint32]
    """Of each word."""
    first: NDArray[np.intp]
    """Number of each text's first word, and at the end the number of words."""

    @property
    def counts(self) -> NDArray[np.intp]:
        """Words of each text."""
        return np.diff(self.first)

    def shingles(self, length: int) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
        """Return the hashes of all runs of so many words, and which text each is of.

        A text of fewer words has one: all of it.
        """
        counts = self.counts
        factors = _powers(0x2C1B3C6D, length, _NARROW)
        size = max(0, len(self.hashes) - length + 1)
        runs = np.zeros(size, dtype=np.uint32)
        for place, factor in enumerate(factors):
            runs += self.hashes[place : place + size] * factor
        runs = runs[self._whole(size, length)]
        owners = np.repeat(np.arange(len(counts)), np.maximum(counts - length + 1, 0))
        short = np.flatnonzero(counts < length)
        if short.size:
            rest = [self.hashes[self.first[text] : self.first[text + 1]] for text in short]
            sums = [(one * factors[: len(one)]).sum(dtype=np.uint32) for one in rest]
            runs = np.concatenate([runs, np.array(sums, dtype=np.uint32)])
            owners = np.concatenate([owners, short])
        return _mixed(runs), owners

    def passages(self, length: int) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Return long hashes of the runs of so many words from each word on, and which count.

        Those do not that reach into the next text.
        """
        size = len(self.hashes) - length + 1
        if size <= 0:
            return np.empty(0, dtype=np.uint64), np.empty(0, dtype=bool)
        powers, inverses = _scales(_WIDE_BASE, len(self.hashes), _WIDE_WORD)
        sums = np.zeros(len(self.hashes) + 1, dtype=np.uint64)
        np.multiply(self.hashes + np.uint64(1), powers[: len(self.hashes)], out=sums[1:])
        np.add.accumulate(sums, out=sums)
        runs = (sums[length:] - sums[:size]) * inverses[:size]
        runs ^= runs >> np.uint64(31)
        runs *= np.uint64(_WIDE_BASE)
        return runs, self._whole(size, length)

    def keys(self) -> NDArray[np.uint64]:
        """Return a hash of each text's words in order."""
        # Each word by an odd number of its own, which grows by one step from word to word.
        factors = np.arange(len(self.hashes), dtype=np.uint64)
        factors *= _STEP
        factors -= np.repeat(self.first[:-1].astype(np.uint64) * _STEP - _ODD, self.counts)
        wide = self.hashes.astype(np.uint64)
        wide += np.uint64(1)
        wide *= np.uint64(_WIDE_BASE)
        wide *= factors
        wide ^= wide >> np.uint64(29)
        sums = np.zeros(len(wide) + 1, dtype=np.uint64)
        np.cumsum(wide, out=sums[1:])
        return sums[self.first[1:]] - sums[self.first[:-1]]

    def _whole(self, size: int, length: int) -> NDArray[np.bool_]:
        """Return which of so many runs lie in one text; few do not."""
        whole = np.ones(size, dtype=bool)
        for inside in range(1, length):
            across = self.first[1:-1] - inside
            whole[across[(across >= 0) & (across < size)]] = False
        return whole


def words_of(texts: Sequence[str]) -> Words:
    """Return the words of texts.

    A text without any (signs or emoji alone) counts as one word.
    """
    folded = [text.encode() if text.isascii() else _folded(text) for text in texts]
    parts = []
    start = size = 0
    for end, data in enumerate(folded):
        if size + len(data) >= _BLOCK:
            parts.append(_words_of_block(folded[start:end]))
            start, size = end, 0
        if len(data) >= _BLOCK:
            parts.append(_words_of_long(data))
            start = end + 1
        else:
            size += len(data) + 1
    parts.append(_words_of_block(folded[start:]))
    return parts[0] if len(parts) == 1 else _concatenated(parts)


def _folded(text: str) -> bytes:
    """Return a text with its case folded and its signs gone, wide characters as words."""
    folded = _NO_WORD.sub(" ", unicodedata.normalize("NFKC", text.casefold()))
    return (_WIDE.sub(r" \1 ", folded) if folded.strip() else text).encode()


def _words_of_block(texts: list[bytes]) -> Words:
    """Hash texts that are shorter together than a block."""
    words = _hashed(texts)
    empty = np.flatnonzero(words.counts == 0)
    if not empty.size:
        return words
    for index in empty.tolist():
        # A word of letters that stands for signs alone.
        digest = xxhash.xxh3_64_hexdigest(texts[index])
        texts[index] = digest.translate(_WITHOUT_DIGITS).encode()
    return _hashed(texts)


def _words_of_long(text: bytes) -> Words:
    """Hash a text longer than a block, in pieces."""
    step = _BLOCK - 1
    pieces = [_hashed([text[start : start + step]]) for start in range(0, len(text), step)]
    hashes = np.concatenate([piece.hashes for piece in pieces])
    return Words(hashes, np.array([0, len(hashes)], dtype=np.intp))


def _concatenated(parts: Sequence[Words]) -> Words:
    shifts = np.cumsum([0, *(len(part.hashes) for part in parts)])
    first = [part.first[:-1] + shift for part, shift in zip(parts, shifts, strict=False)]
    return Words(
        np.concatenate([part.hashes for part in parts]), np.concatenate([*first, shifts[-1:]])
    )


def _hashed(texts: Sequence[bytes]) -> Words:
    lengths = np.fromiter(map(len, texts), dtype=np.intp, count=len(texts))
    joined = b" ".join((b"", *texts, b""))
    data = np.frombuffer(joined.translate(_FOLDING), dtype=np.uint8)
    is_word = data > _SEPARATOR
    edges = np.flatnonzero(is_word[1:] != is_word[:-1])
    starts = edges[::2]
    # A word's letters are those after its first edge: sums[i] ends with the letter at i.
    sums = data.astype(np.uint32)
    sums -= np.uint32(_DIGIT)
    powers, inverses = _scales(_BASE, len(data), _NARROW)
    sums *= powers[: len(data)]
    np.add.accumulate(sums, out=sums)
    at_edges = sums.take(edges)
    hashes = (at_edges[1::2] - at_edges[::2]) * inverses.take(starts)
    begins = np.cumsum(lengths + 1) - lengths - 1
    return Words(hashes, np.append(np.searchsorted(starts, begins), len(starts)).astype(np.intp))
