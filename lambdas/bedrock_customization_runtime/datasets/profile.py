"""What the training records look like: their lengths and writing systems, from a sample."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.splitting import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bedrock_customization_runtime.catalog import RecordFormat
    from bedrock_customization_runtime.datasets.preparation import PreparedDataset
    from bedrock_customization_runtime.datasets.record_formats.records import Record

SAMPLE = 2_000
"""Training records looked at. They stand in the order of their hashes: a random sample."""


class Bin(msgspec.Struct, frozen=True):
    """A bar of a histogram."""

    up_to: int
    """Largest value in it; the bar before ends where this one begins."""
    records: int


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a sample."""

    records: int
    """How many were looked at."""
    question_characters: list[Bin]
    answer_characters: list[Bin]
    writing_systems: dict[str, int]
    """Records by the writing system of most of their letters."""


def profile(prepared: PreparedDataset, record_format: RecordFormat) -> Profile:
    """Return the figures of a sample of the training records."""
    questions: list[int] = []
    answers: list[int] = []
    systems: Counter[str] = Counter()
    for line in islice(prepared.lines(Side.TRAIN), SAMPLE):
        record = formats.parse(line, record_format)
        answer = record.answer
        questions.append(sum(len(message.text) for message in record.question))
        answers.append(len(answer))
        systems[_writing_system(record, answer)] += 1
    return Profile(
        records=len(answers),
        question_characters=histogram(questions),
        answer_characters=histogram(answers),
        writing_systems=dict(sorted(systems.items(), key=lambda item: (-item[1], item[0]))),
    )


def histogram(values: Sequence[int] | NDArray[np.integer]) -> list[Bin]:
    """Return how many values lie between powers of two, from the smallest to the largest."""
    counts: Counter[int] = Counter()
    distinct, times = np.unique(np.asarray(values, dtype=np.int64), return_counts=True)
    for value, count in zip(distinct.tolist(), times.tolist(), strict=True):
        counts[(value - 1).bit_length() if value else -1] += count
    if not counts:
        return []
    return [
        Bin(up_to=2**power if power >= 0 else 0, records=counts[power])
        for power in range(min(counts), max(counts) + 1)
    ]


def _writing_system(record: Record, answer: str) -> str:
    letters: Counter[str] = Counter(answer)
    for message in record.question:
        letters.update(message.text)
    systems: Counter[str] = Counter()
    for letter, count in letters.items():
        system = _system_of(letter)
        if system:
            systems[system] += count
    return min(systems, key=lambda name: (-systems[name], name)) if systems else "none"


@cache
def _system_of(letter: str) -> str | None:
    """Return the first word of a letter's name, which is its writing system."""
    return unicodedata.name(letter, "").split(" ")[0].title() if letter.isalpha() else None
