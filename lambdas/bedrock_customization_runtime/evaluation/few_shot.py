"""Which training records stand as examples before a question: by a rule, the same in every run.

Of a training set a sample of 1,000 records is looked at, drawn by hash, so that neither the order
of the records nor the size of the set matters. Only records that a prompt can hold take part: text,
with question and answer, of at most `LONGEST_SHOT` tokens, under the sample's most frequent system
prompt.
Where answers are labels, the labels take turns, the most frequent first, each with its record of
most ordinary length; elsewhere the records are spread over the lengths of questions.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import xxhash

from bedrock_customization_runtime.datasets import tokens
from bedrock_customization_runtime.datasets.record_formats.records import (
    Record,
    TestRecord,
    blind,
    text_message,
)
from bedrock_customization_runtime.datasets.training_cost import LONGEST_SHOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAXIMUM = 10
"""Examples, at most: with `LONGEST_SHOT` each they fit every base model of the catalogue."""
_SAMPLE = 1_000
_LABEL_CHARACTERS = 200
_RECORDS_PER_LABEL = 2


def choose(
    records: Iterable[Record | TestRecord], *, count: int, seed: int = 0
) -> list[TestRecord]:
    """Choose examples from a training set, of which no more than the sample is held.

    Args:
        records: Training records; from the blind set or the validation set nothing may come.
        count: How many, up to `MAXIMUM`.
        seed: Of the sample.

    Returns:
        The examples with their answers as references, in the order in which they stand before a
        question; fewer where too few records fit.

    Raises:
        ValueError: `count` is out of range.
    """
    if not 0 <= count <= MAXIMUM:
        raise ValueError(f"count must be from 0 to {MAXIMUM}, got {count}: ask for fewer")
    sample = _alike_asked(_sampled(records, seed))
    labels = Counter(record.reference for record in sample)
    are_labels = _RECORDS_PER_LABEL * len(labels) <= len(sample) and all(
        len(label) <= _LABEL_CHARACTERS for label in labels
    )
    return _one_per_label(sample, labels, count) if are_labels else _spread(sample, count)


def _sampled(records: Iterable[Record | TestRecord], seed: int) -> list[TestRecord]:
    """Return the usable records with the smallest hashes, by hash."""
    heap: list[tuple[int, str, TestRecord]] = []
    held: set[str] = set()
    for record in records:
        one = record if isinstance(record, TestRecord) else blind(record)
        if one.id in held:
            continue
        # The largest hash is on top: of a heap that keeps the smallest ones.
        place = -xxhash.xxh3_64_intdigest(one.id.encode(), seed=seed)
        is_full = len(heap) == _SAMPLE
        if (is_full and place <= heap[0][0]) or not _is_usable(one):
            continue
        held.add(one.id)
        if is_full:
            held.discard(heapq.heapreplace(heap, (place, one.id, one))[1])
        else:
            heapq.heappush(heap, (place, one.id, one))
    return [one for _, _, one in sorted(heap, reverse=True)]


def _is_usable(one: TestRecord) -> bool:
    if not one.messages or not one.reference.strip():
        return False
    if not all(message.is_text for message in one.messages):
        return False
    answered = [*one.messages, text_message("assistant", one.reference)]
    return tokens.estimate(Record(one.system, answered)).most <= LONGEST_SHOT


def _alike_asked(sample: Sequence[TestRecord]) -> list[TestRecord]:
    """Return those with the most frequent system prompt: an example stands under the question's."""
    if not sample:
        return []
    ((system, _),) = Counter(one.system or "" for one in sample).most_common(1)
    return [one for one in sample if (one.system or "") == system]


def _one_per_label(
    sample: Sequence[TestRecord], labels: Counter[str], count: int
) -> list[TestRecord]:
    by_label: defaultdict[str, list[TestRecord]] = defaultdict(list)
    for one in sample:
        by_label[one.reference].append(one)
    turns = [
        _most_ordinary_first(by_label[label])
        for label in sorted(labels, key=lambda label: (-labels[label], label))
    ]
    longest = max(map(len, turns), default=0)
    in_turn = (turn[place] for place in range(longest) for turn in turns if place < len(turn))
    return [one for one, _ in zip(in_turn, range(count), strict=False)]


def _most_ordinary_first(records: Sequence[TestRecord]) -> list[TestRecord]:
    """Return the records by how far their questions' lengths are from the middle one."""
    lengths = sorted(map(_length, records))
    middle = lengths[len(lengths) // 2]
    return sorted(records, key=lambda one: abs(_length(one) - middle))


def _spread(sample: Sequence[TestRecord], count: int) -> list[TestRecord]:
    """Return the records in the middle of as many equal parts of the sample, by length."""
    ordered = sorted(sample, key=_length)
    wanted = min(count, len(ordered))
    return [ordered[(2 * place + 1) * len(ordered) // (2 * wanted)] for place in range(wanted)]


def _length(one: TestRecord) -> int:
    return sum(len(message.text) for message in one.messages)
