"""N-grams that answers share with their references, counted for all records at once.

The libraries that define ROUGE, BLEU and chrF count record by record in dictionaries, and need
minutes for what a function has seconds for. Here an n-gram is one exact integer and counting is
sorting: no hashing, so no two n-grams are ever taken for one.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain, count
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

_TOKENS_AT_ONCE = 2**15
"""Of references and answers: what fits a processor's cache while it is sorted."""
_LARGEST = 2**62


def numbered(
    texts: Iterable[Sequence[str]], parted: Callable[[str], Sequence[str]] | None = None
) -> list[Integers]:
    """Return each text's tokens as numbers, the same for the same token in all texts.

    Args:
        texts: Tokens of each text, or words that hold tokens.
        parted: Returns the tokens of a word; None where words are tokens.
    """
    number = defaultdict[str, int](count().__next__)
    lengths: list[int] = []

    def words() -> Iterator[Sequence[str]]:
        for text in texts:
            lengths.append(len(text))
            yield text

    # No line of Python for each word, of which there are millions, nor all of them at once.
    numbers = np.fromiter(map(number.__getitem__, chain.from_iterable(words())), dtype=np.int64)
    ends = np.cumsum(lengths, dtype=np.int64)
    if parted is None:
        return np.split(numbers, ends[:-1])
    parts = list(map(parted, list(number)))
    sizes = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
    tokens = np.fromiter(map(number.__getitem__, chain.from_iterable(parts)), dtype=np.int64)
    taken = sizes[numbers]
    before = np.cumsum(taken) - taken
    places = np.repeat((np.cumsum(sizes) - sizes)[numbers] - before, taken)
    found = tokens[places + np.arange(len(places))]
    return np.split(found, np.append(before, len(found))[ends[:-1]])


def characters(texts: Iterable[str]) -> list[Integers]:
    """Return each text's code points."""
    return [
        # A lone surrogate is a character to Python and to the libraries that are followed here.
        np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)
        for text in texts
    ]


def matches(references: Sequence[Integers], answers: Sequence[Integers], order: int) -> Integers:
    """Return how many n-grams each answer shares with its reference, each as often as both have it.

    Args:
        references: Tokens of each record, as numbers from 0.
        answers: Likewise.
        order: Largest n.

    Returns:
        Shape (records, order), by n from 1.
    """
    found = np.zeros((len(references), order), dtype=np.int64)
    first = waiting = 0
    for number, (reference, answer) in enumerate(zip(references, answers, strict=True), start=1):
        waiting += len(reference) + len(answer)
        if waiting >= _TOKENS_AT_ONCE or number == len(references):
            part = slice(first, number)
            found[part] = _matches(references[part], answers[part], order)
            first, waiting = number, 0
    return found


def totals(texts: Sequence[Integers], order: int) -> Integers:
    """Return how many n-grams each text has; shape (records, order), by n from 1."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    counts: Integers = np.maximum(0, lengths[:, np.newaxis] - np.arange(order))
    return counts


def _matches(references: Sequence[Integers], answers: Sequence[Integers], order: int) -> Integers:
    records = len(references)
    texts = [*references, *answers]
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    tokens, kinds = _without_gaps(np.concatenate([*texts, np.empty(0, dtype=np.int64)]))
    # An even number for each reference, and for its answer the next.
    side = np.arange(records) * 2
    text = np.repeat(np.concatenate([side, side + 1]), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(tokens))
    found = np.zeros((records, order), dtype=np.int64)
    grams, span = tokens, kinds
    for n in range(1, order + 1):
        if n > 1:
            if span > _LARGEST // (kinds * 2 * records):
                distinct, grams = np.unique(grams, return_inverse=True)
                span = len(distinct)
            grams = grams[:-1] * kinds + tokens[n - 1 :]
            span *= kinds
        keys = grams * (2 * records) + text[: len(grams)]
        found[:, n - 1] = _shared(keys[left[: len(grams)] >= n], records)
    return found


def _without_gaps(tokens: Integers) -> tuple[Integers, int]:
    """Number tokens anew from 0, and count: how many there are decides how many fit an integer."""
    present = np.zeros(int(tokens.max(initial=0)) + 1, dtype=np.int64)
    present[tokens] = 1
    return (np.cumsum(present) - 1)[tokens], max(1, int(present.sum()))


def _shared(keys: Integers, records: int) -> Integers:
    """Return how many n-grams answer and reference of each record share.

    Args:
        keys: Of each n-gram, with the number of its text as the last digit.
        records: How many.
    """
    keys.sort()
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(starts, append=len(keys))
    distinct = keys[starts]
    # A reference's n-gram and the same one of its answer are neighbours now.
    both = np.flatnonzero((distinct[:-1] & 1 == 0) & (np.diff(distinct) == 1))
    record = distinct[both] % (2 * records) // 2
    shared = np.minimum(counts[both], counts[both + 1])
    return np.bincount(record, weights=shared, minlength=records).astype(np.int64)
