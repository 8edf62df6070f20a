"""What the benchmarks of the data engine read: seeded records."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NEAR_COPIES = 0.02
PERSONAL = 0.01
SIMILARITIES = (0.95, 0.85, 0.75)
PAIRS = 200


def write_records(path: Path, count: int, seed: int = 1) -> None:
    """Write Converse records of 1.6 KB: a system prompt, a question of 150 words, an answer of 70.

    One in fifty is a near-copy of an earlier one, one in a hundred holds an e-mail address.
    """
    source = random.Random(seed)  # noqa: S311 - no secrets
    words = [
        "".join(source.choices("etaoinshrdlucmfwypvbgk", k=source.randint(2, 9)))
        for _ in range(20_000)
    ]
    questions: list[list[str]] = []
    with path.open("w", encoding="utf-8") as file:
        for _ in range(count):
            question = source.choices(words, k=150)
            if questions and source.random() < NEAR_COPIES:
                question = [*source.choice(questions)]
                question[source.randrange(150)] = "changed"
            if len(questions) < 1000:  # noqa: PLR2004 - enough to copy from
                questions.append(question)
            answer = source.choices(words, k=70)
            if source.random() < PERSONAL:
                answer.append("jo@example.org")
            record = {
                "schemaVersion": "bedrock-conversation-2024",
                "system": [{"text": "You are a helpful assistant."}],
                "messages": [
                    {"role": "user", "content": [{"text": " ".join(question)}]},
                    {"role": "assistant", "content": [{"text": " ".join(answer)}]},
                ],
            }
            file.write(json.dumps(record) + "\n")


def write_pairs(path: Path) -> list[float]:
    """Write pairs of records whose questions are similar; return the similarity of each pair."""
    source = random.Random(3)  # noqa: S311 - no secrets
    similarities = [similarity for similarity in SIMILARITIES for _ in range(PAIRS)]
    with path.open("w", encoding="utf-8") as file:
        for similarity in similarities:
            words = ["".join(source.choices("etaoinshrdlu", k=6)) for _ in range(400)]
            # One changed word takes five shingles of each side.
            changes = round(396 * (1 - similarity) / (1 + similarity) / 5)
            other = [*words]
            for place in range(7, 7 + 400 // max(1, changes) * changes, 400 // max(1, changes)):
                other[place % 400] = "changed"
            for text in (words, other):
                content = [{"text": " ".join(text)}]
                file.write(json.dumps({"messages": [{"role": "user", "content": content}]}) + "\n")
    return similarities
