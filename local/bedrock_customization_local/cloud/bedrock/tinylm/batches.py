"""Sequences of different lengths as the arrays that a network takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import GRAM_BUCKETS, PADDING, grams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Encoded
    from bedrock_customization_local.cloud.bedrock.tinylm.weights import Floats

Integers: TypeAlias = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Batch:
    """Sequences of one length, padded on the right.

    Args:
        tokens: [sequences, length] token numbers.
        surfaces: [sequences, length] row of `gram_shares` of each token.
        gram_shares: [distinct words, buckets] share of each n-gram in a word; rows sum to 1 or 0.
        answers: [sequences] position after which the completion begins.
        rows: [targets] flat position, in [sequences * length], from which a token is predicted.
        targets: [targets] index of that token among the answers.
    """

    tokens: Integers
    surfaces: Integers
    gram_shares: Floats
    answers: Integers
    rows: Integers
    targets: Integers


def make_batch(
    encoded: Sequence[Encoded], answers: Sequence[int], dtype: type[np.floating] = np.float32
) -> Batch:
    """Pad sequences into a batch.

    Args:
        encoded: What to pad; with completions to train, without to ask.
        answers: Token numbers that the network can say, ascending.
        dtype: Of the arithmetic.
    """
    length = max(len(one.tokens) for one in encoded)
    tokens = np.full((len(encoded), length), PADDING, np.intp)
    surfaces = np.zeros((len(encoded), length), np.intp)
    numbers: dict[str, int] = {"": 0}
    rows: list[int] = []
    said: list[int] = []
    for index, one in enumerate(encoded):
        tokens[index, : len(one.tokens)] = one.tokens
        surfaces[index, : len(one.tokens)] = [
            numbers.setdefault(word, len(numbers)) for word in one.words
        ]
        for position in range(one.answer, len(one.tokens) - 1):
            rows.append(index * length + position)
            said.append(one.tokens[position + 1])
    shares = np.zeros((len(numbers), GRAM_BUCKETS), dtype)
    for word, number in numbers.items():
        buckets = list(grams(word))
        if buckets:
            shares[number, buckets] = 1 / len(buckets)
    known = np.asarray(answers)
    targets = np.minimum(np.searchsorted(known, np.asarray(said, np.intp)), len(known) - 1)
    sayable = known[targets] == said
    return Batch(
        tokens,
        surfaces,
        shares,
        np.array([one.answer for one in encoded]),
        np.asarray(rows, np.intp)[sayable],
        targets[sayable],
    )
