"""Answers to known questions: what a foundation model of the embedded Bedrock knows, if anything.

The network that stands for a foundation model is untrained, so it knows nothing. What it was told
(`Bedrock.teach`) or shown (golden answers of a distillation) it looks up: it gives the answer of
the known question with the most telling words in common. That is memory, not understanding.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import core_of, split_words

if TYPE_CHECKING:
    from collections.abc import Sequence

_TELLING_WORDS = 16


class KnownAnswers:
    """Questions with their answers.

    Args:
        pairs: Prompts and answers.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = tuple(pairs)
        self._words = [_words(prompt) for prompt, _ in self.pairs]
        self._holding: defaultdict[str, list[int]] = defaultdict(list)
        for number, words in enumerate(self._words):
            for word in words:
                self._holding[word].append(number)

    def nearest(self, prompt: str) -> str | None:
        """Return the answer of the known question that is most like a prompt; None without any."""
        known = sorted(
            (word for word in _words(prompt) if word in self._holding),
            key=lambda word: (len(self._holding[word]), word),
        )
        scores: Counter[int] = Counter()
        for word in known[:_TELLING_WORDS]:
            holding = self._holding[word]
            weight = math.log(1 + len(self.pairs) / len(holding))
            for number in holding:
                scores[number] += weight  # type: ignore[assignment] # typeshed counts in int
        if not scores:
            return None
        # A short question that shares as much says more of it: of equals, the earliest.
        best = max(scores, key=lambda number: (scores[number], -len(self._words[number]), -number))
        return self.pairs[best][1]


def _words(text: str) -> frozenset[str]:
    return frozenset(core_of(word).lower() for word in split_words(text) if word.strip())
