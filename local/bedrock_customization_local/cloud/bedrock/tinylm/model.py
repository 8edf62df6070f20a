"""A model: vocabulary, weights, and the file that holds both."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import (
    END,
    FIRST_SLOT,
    FIRST_WORD,
    Encoder,
    Vocabulary,
    split_words,
)
from bedrock_customization_local.cloud.bedrock.tinylm.weights import Shape, Weights, initial_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CONTEXT = 256
"""Longest sequence, in words and marks. Of a longer prompt the end is kept, of a longer completion
(above half of it) the beginning."""


_SHAPES = 128


@dataclass(frozen=True, slots=True)
class Model:
    """A network and the words it knows."""

    vocabulary: Vocabulary
    weights: Weights
    encoder: Encoder = field(init=False)

    def __post_init__(self) -> None:
        """Make the encoder of the vocabulary."""
        object.__setattr__(self, "encoder", Encoder(self.vocabulary))


def untrained_model(vocabulary: Vocabulary, seed: int) -> Model:
    """Return a network that learned nothing."""
    shape = Shape(vocabulary.size, len(vocabulary.answers), vocabulary.context)
    return Model(vocabulary, initial_weights(shape, seed))


def inherit(child: Model, parent: Model) -> None:
    """Give a new model what another one learned, as far as it knows the same words."""
    for name, view in child.weights.views().items():
        learned = parent.weights[name]
        if name == "words":
            old, new = _shared(parent.vocabulary.words, child.vocabulary.words, FIRST_WORD)
            view[new] = learned[old]
        elif name in {"say", "say_bias"}:
            old, new = _shared(_sayings(parent), _sayings(child), 0)
            view[..., new] = learned[..., old]
        else:
            view[:] = learned


def _sayings(model: Model) -> list[str]:
    words = model.vocabulary.words
    return [
        words[token - FIRST_WORD] if token >= FIRST_WORD else f"\0{token}"
        for token in model.vocabulary.answers
    ]


def _shared(old: Sequence[str], new: Sequence[str], first: int) -> tuple[list[int], list[int]]:
    """Return the row numbers of words that both know; numbers below `first` are shared anyway."""
    places = {word: first + number for number, word in enumerate(old)}
    pairs = [(number, number) for number in range(first)]
    pairs += [(places[word], first + number) for number, word in enumerate(new) if word in places]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def base_model(name: str, prompt: str) -> Model:
    """Return what stands for a foundation model: an untrained network.

    It knows the words of the prompt it is asked, and its answers are noise made of them, the same
    noise for the same name and prompt.

    Args:
        name: Model id; seeds the weights.
        prompt: What the model will be asked.
    """
    words = tuple(sorted(set(split_words(prompt)[-CONTEXT:])))
    vocabulary = Vocabulary(
        words=words,
        merges=(),
        copied=(),
        answers=(END, *range(FIRST_SLOT, FIRST_WORD + len(words))),
        prefix=(),
        context=CONTEXT,
    )
    shape = Shape(vocabulary.size, len(vocabulary.answers), vocabulary.context)
    return Model(vocabulary, _weights_to_read(shape, crc32(name.encode())))


@lru_cache(maxsize=_SHAPES)
def _weights_to_read(shape: Shape, seed: int) -> Weights:
    """Return the weights of an untrained network, which nobody may change.

    Drawing them takes longer than an answer, and prompts of as many words share them.
    """
    return initial_weights(shape, seed)


def save(model: Model, path: Path) -> None:
    """Write a model to a file."""
    known = json.dumps(asdict(model.vocabulary)).encode()
    with path.open("wb") as file:
        np.savez(file, vocabulary=np.frombuffer(known, np.uint8), weights=model.weights.flat)


def load(path: Path) -> Model:
    """Read a model from a file that `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        known = json.loads(file["vocabulary"].tobytes())
        flat = file["weights"]
    vocabulary = vocabulary_of(known)
    shape = Shape(vocabulary.size, len(vocabulary.answers), vocabulary.context)
    return Model(vocabulary, Weights(shape, flat))


def vocabulary_of(known: Mapping[str, Any]) -> Vocabulary:
    """Return a vocabulary that was written as JSON of its fields."""
    return Vocabulary(
        words=tuple(known["words"]),
        merges=tuple((one, other) for one, other in known["merges"]),
        copied=tuple(known["copied"]),
        answers=tuple(known["answers"]),
        prefix=tuple(known["prefix"]),
        context=known["context"],
    )
