"""Decoding of many prompts at once, with the keys and values of past tokens kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_local.cloud.bedrock.tinylm.network import (
    attention_mask,
    gram_vectors,
    normalize,
)
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import (
    END,
    PADDING,
    Encoded,
    core_of,
    split_words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_local.cloud.bedrock.tinylm.batches import Integers
    from bedrock_customization_local.cloud.bedrock.tinylm.model import Model
    from bedrock_customization_local.cloud.bedrock.tinylm.weights import Floats

_SEQUENCES = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said.

    Args:
        text: The words, joined.
        finished: Whether it came to an end by itself.
    """

    text: str
    finished: bool


@dataclass(frozen=True, slots=True)
class Sampling:
    """Words chosen by chance, the likelier the more often.

    Args:
        temperature: Above 1 evens the chances out, below 1 it favours likely words.
        rng: Source of chance.
    """

    temperature: float
    rng: np.random.Generator


def generate(
    model: Model, prompts: Sequence[str], max_tokens: int, sampling: Sampling | None = None
) -> list[Answer]:
    """Return the next words after each prompt, chosen one by one.

    Args:
        model: Any model, trained or not.
        prompts: Texts.
        max_tokens: Words to say at most, before an answer is cut.
        sampling: How words are chosen; None takes the likeliest.
    """
    encoded = [model.encoder.encode(split_words(prompt)) for prompt in prompts]
    order = sorted(range(len(encoded)), key=lambda index: len(encoded[index].tokens))
    answers: dict[int, Answer] = {}
    for start in range(0, len(order), _SEQUENCES):
        chosen = order[start : start + _SEQUENCES]
        found = _generate([encoded[index] for index in chosen], model, max_tokens, sampling)
        answers.update(zip(chosen, found, strict=True))
    return [answers[index] for index in range(len(prompts))]


def _generate(
    encoded: Sequence[Encoded], model: Model, max_tokens: int, sampling: Sampling | None
) -> list[Answer]:
    known = np.asarray(model.vocabulary.answers)
    places = np.array([len(one.tokens) for one in encoded])
    steps = min(max_tokens, model.vocabulary.context - int(places.max()))
    answers = np.array([one.answer for one in encoded])
    decoder = _Decoder(model, answers, int(places.max()) + steps)
    said = known[_choose(decoder.read(encoded, places - places, places - 1), sampling)]
    words: list[list[str]] = [[] for _ in encoded]
    finished = np.zeros(len(encoded), bool)
    for step in range(steps):
        finished |= said == END
        if finished.all():
            break
        spoken = [
            model.encoder.word(int(token), one.slots)
            for token, one in zip(said, encoded, strict=True)
        ]
        for index in np.flatnonzero(~finished):
            words[index].append(spoken[index])
        nexts = [
            Encoded((int(token),), (core_of(word),), one.answer, one.slots)
            for token, word, one in zip(said, spoken, encoded, strict=True)
        ]
        said = known[_choose(decoder.read(nexts, places + step, np.zeros_like(places)), sampling)]
    return [
        Answer("".join(spoken), bool(ended))
        for spoken, ended in zip(words, finished | (said == END), strict=True)
    ]


def _choose(scores: Floats, sampling: Sampling | None) -> Integers:
    """Return the index of an answer for each sequence."""
    if sampling is not None:
        # The largest sum of a score and Gumbel noise falls on an answer as often as it is likely.
        scores = scores / sampling.temperature + sampling.rng.gumbel(size=scores.shape)
    chosen: Integers = scores.argmax(-1)
    return chosen


class _Decoder:
    """Reads tokens in portions; keeps the keys and values of all that it read.

    Args:
        model: Any model.
        answers: [sequences] position after which the completion begins.
        length: Of the longest sequence with its answer.
    """

    def __init__(self, model: Model, answers: Integers, length: int) -> None:
        self._weights, self._answers = model.weights, answers
        shape = model.weights.shape
        head = shape.width // shape.heads
        room = (shape.layers, len(answers), shape.heads)
        dtype = model.weights.flat.dtype
        self._rows = np.arange(len(answers))
        # As the products need them: none has to be copied for each word.
        self._keys = np.zeros((*room, head, length), dtype)
        self._values = np.zeros((*room, length, head), dtype)

    def read(self, portion: Sequence[Encoded], starts: Integers, last: Integers) -> Floats:
        """Read the next tokens of every sequence and return the scores of all answers to each.

        Args:
            portion: Next tokens of each sequence; at the first call the whole prompts.
            starts: [sequences] position of each portion's first token.
            last: [sequences] index, in the portion, of the token that is answered.
        """
        weights, shape = self._weights, self._weights.shape
        x, places = self._embed(portion, starts)
        seen = int(places.max()) + 1
        # A sequence alone sees all that it has read: nothing is padded.
        mask = (
            attention_mask(self._answers, places, np.arange(seen), x.dtype)
            if len(portion) > 1
            else None
        )
        for layer in range(shape.layers):
            x = x + self._attend(x, layer, mask, places, seen)
            h = normalize(x)[0] * weights[f"{layer}.gain_feed"]
            inner = np.maximum(h @ weights[f"{layer}.expand"] + weights[f"{layer}.expand_bias"], 0)
            x = x + inner @ weights[f"{layer}.contract"]
        y = normalize(x[self._rows, last])[0] * weights["gain_final"]
        scores: Floats = y @ weights["say"] + weights["say_bias"]
        return scores

    def _embed(self, portion: Sequence[Encoded], starts: Integers) -> tuple[Floats, Integers]:
        """Return the input vectors of tokens, padded on the right, and their positions."""
        weights = self._weights
        length = max(len(one.tokens) for one in portion)
        tokens = np.full((len(portion), length), PADDING, np.intp)
        words: list[str] = []
        for index, one in enumerate(portion):
            tokens[index, : len(one.tokens)] = one.tokens
            words += one.words
            words += [""] * (length - len(one.tokens))
        places = starts[:, None] + np.arange(length)
        x = weights["words"][tokens]
        x += gram_vectors(weights, words).reshape(x.shape)
        x += weights["positions"][places]
        return x, places

    def _attend(
        self, x: Floats, layer: int, mask: Floats | None, places: Integers, seen: int
    ) -> Floats:
        weights, shape = self._weights, self._weights.shape
        count, length, width = x.shape
        head = width // shape.heads
        h = normalize(x)[0] * weights[f"{layer}.gain_attention"]
        qkv = (h @ weights[f"{layer}.attend"]).reshape(count, length, 3, shape.heads, head)
        keys, values = self._keys[layer], self._values[layer]
        keys[self._rows[:, None], :, :, places] = qkv[:, :, 1]
        values[self._rows[:, None], :, places] = qkv[:, :, 2]
        scores = qkv[:, :, 0].swapaxes(1, 2) @ keys[..., :seen]
        scores *= head**-0.5
        if mask is not None:
            scores += mask
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        context = (scores @ values[:, :, :seen]).swapaxes(1, 2).reshape(count, length, width)
        mixed: Floats = context @ weights[f"{layer}.mix"]
        return mixed
