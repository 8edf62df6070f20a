"""Decoding of many prompts at once, with the keys and values of past tokens kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_local.cloud.bedrock.tinylm.network import (
    Floats,
    Integers,
    attention_mask,
    embed,
    make_batch,
    normalize,
)
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import (
    END,
    Encoded,
    core_of,
    split_words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_local.cloud.bedrock.tinylm.model import Model

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
    model: Model, prompts: Sequence[str], maximum_tokens: int, sampling: Sampling | None = None
) -> list[Answer]:
    """Return the next words after each prompt, chosen one by one.

    Args:
        model: Any model, trained or not.
        prompts: Texts.
        maximum_tokens: Words to say at most, before an answer is cut.
        sampling: How words are chosen; None takes the likeliest.
    """
    encoded = [model.encoder.encode(split_words(prompt)) for prompt in prompts]
    order = sorted(range(len(encoded)), key=lambda index: len(encoded[index].tokens))
    answers: dict[int, Answer] = {}
    for start in range(0, len(order), _SEQUENCES):
        chosen = order[start : start + _SEQUENCES]
        found = _generate([encoded[index] for index in chosen], model, maximum_tokens, sampling)
        answers.update(zip(chosen, found, strict=True))
    return [answers[index] for index in range(len(prompts))]


def _generate(
    encoded: Sequence[Encoded], model: Model, maximum_tokens: int, sampling: Sampling | None
) -> list[Answer]:
    known = np.asarray(model.vocabulary.answers)
    places = np.array([len(one.tokens) for one in encoded])
    steps = min(maximum_tokens, model.vocabulary.context - int(places.max()))
    decoder = _Decoder(model, int(places.max()) + steps)
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
    """Reads tokens in portions; keeps the keys and values of all that it read."""

    def __init__(self, model: Model, length: int) -> None:
        self._weights, self._length = model.weights, length
        self._answers = model.vocabulary.answers
        self._cache: list[tuple[Floats, Floats]] = []

    def read(self, portion: Sequence[Encoded], starts: Integers, last: Integers) -> Floats:
        """Read the next tokens of every sequence and return the scores of all answers to each.

        Args:
            portion: Next tokens of each sequence; at the first call the whole prompts.
            starts: [sequences] position of each portion's first token.
            last: [sequences] index, in the portion, of the token that is answered.
        """
        weights, shape = self._weights, self._weights.shape
        batch = make_batch(portion, self._answers)
        count, length = batch.tokens.shape
        places = starts[:, None] + np.arange(length)[None]
        x = embed(weights, batch, np.minimum(places, shape.context - 1))
        mask = attention_mask(batch, places, np.arange(self._length), x.dtype)
        for layer in range(shape.layers):
            x = x + self._attend(x, layer, mask, places)
            h = normalize(x)[0] * weights[f"{layer}.gain_feed"]
            inner = np.maximum(h @ weights[f"{layer}.expand"] + weights[f"{layer}.expand_bias"], 0)
            x = x + inner @ weights[f"{layer}.contract"]
        y = normalize(x[np.arange(count), last])[0] * weights["gain_final"]
        scores: Floats = y @ weights["say"] + weights["say_bias"]
        return scores

    def _attend(self, x: Floats, layer: int, mask: Floats, places: Integers) -> Floats:
        weights, shape = self._weights, self._weights.shape
        count, length, width = x.shape
        head = width // shape.heads
        h = normalize(x)[0] * weights[f"{layer}.gain_attention"]
        qkv = (h @ weights[f"{layer}.attend"]).reshape(count, length, 3, shape.heads, head)
        if layer == len(self._cache):
            room = (count, self._length, shape.heads, head)
            self._cache.append((np.zeros(room, x.dtype), np.zeros(room, x.dtype)))
        keys, values = self._cache[layer]
        inside = np.minimum(places, self._length - 1)
        keys[np.arange(count)[:, None], inside] = qkv[:, :, 1]
        values[np.arange(count)[:, None], inside] = qkv[:, :, 2]
        scores = qkv[:, :, 0].swapaxes(1, 2) @ keys.transpose(0, 2, 3, 1)
        scores *= head**-0.5
        scores += mask
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        context = (scores @ values.swapaxes(1, 2)).swapaxes(1, 2).reshape(count, length, width)
        return context @ weights[f"{layer}.mix"]
