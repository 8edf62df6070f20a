"""Which training records stand as examples in front of a question."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_customization_runtime.datasets.records import TestRecord


def choose(records: Iterable[TestRecord], *, count: int, seed: int) -> list[TestRecord]:
    """Return the examples: drawn by their ids, each answer once before any comes twice.

    The order of the records and what else is among them do not matter, so a repeated choice is the
    same.

    Args:
        records: Of the training set; those without an answer are no examples.
        count: How many.
        seed: Another one draws others.
    """
    drawn = sorted(
        (record for record in records if record.reference),
        key=lambda record: sha256(f"{seed}\n{record.id}".encode()).digest(),
    )
    by_answer: dict[str, int] = {}
    rounds: list[tuple[int, int]] = []
    for position, record in enumerate(drawn):
        turn = by_answer.get(record.reference, 0)
        by_answer[record.reference] = turn + 1
        rounds.append((turn, position))
    return [drawn[position] for _, position in sorted(rounds)[:count]]
