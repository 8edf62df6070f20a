"""The sizes of a network, its parameters, and what they are before it learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import GRAM_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Mapping

Floats: TypeAlias = NDArray[np.floating]

_EMBEDDING_SCALE = 0.5
_POSITION_SCALE = 0.1


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of a network.

    Args:
        tokens: Number of input tokens.
        answers: Number of tokens it can say.
        context: Longest sequence.
        width: Length of a hidden vector.
        layers: Number of blocks.
        heads: Attention heads; divides `width`.
    """

    tokens: int
    answers: int
    context: int
    width: int = 64
    layers: int = 2
    heads: int = 4

    @property
    def hidden(self) -> int:
        """Width of the feed-forward layer."""
        return 2 * self.width


class Weights:
    """Named parameters that share one flat array, so that an optimizer sees a single vector."""

    def __init__(self, shape: Shape, flat: Floats | None = None) -> None:
        self.shape = shape
        sizes = {name: int(np.prod(size)) for name, size in _sizes(shape).items()}
        self.flat = np.zeros(sum(sizes.values()), np.float32) if flat is None else flat
        self._views: dict[str, Floats] = {}
        start = 0
        for name, size in _sizes(shape).items():
            self._views[name] = self.flat[start : start + sizes[name]].reshape(size)
            start += sizes[name]

    def __getitem__(self, name: str) -> Floats:
        """Return a parameter: a view, not a copy."""
        return self._views[name]

    def views(self) -> Mapping[str, Floats]:
        """Return the parameters by name: views, not copies."""
        return self._views

    def zeros(self) -> Weights:
        """Return as many zeros: room for gradients or moments."""
        return Weights(self.shape, np.zeros_like(self.flat))


def initial_weights(shape: Shape, seed: int) -> Weights:
    """Return the weights of an untrained network."""
    rng = np.random.default_rng(seed)
    weights = Weights(shape)
    for name, view in weights.views().items():
        kind = name.rpartition(".")[2]
        if kind.startswith("gain"):
            view[:] = 1
        elif kind in {"words", "grams"}:
            view[:] = rng.normal(0, _EMBEDDING_SCALE, view.shape)
        elif kind == "positions":
            view[:] = rng.normal(0, _POSITION_SCALE, view.shape)
        elif view.ndim > 1:
            view[:] = rng.normal(0, view.shape[0] ** -0.5, view.shape)
    return weights


def _sizes(shape: Shape) -> dict[str, tuple[int, ...]]:
    width, hidden = shape.width, shape.hidden
    sizes: dict[str, tuple[int, ...]] = {
        "words": (shape.tokens, width),
        "grams": (GRAM_BUCKETS, width),
        "positions": (shape.context, width),
    }
    for layer in range(shape.layers):
        sizes |= {
            f"{layer}.gain_attention": (width,),
            f"{layer}.attend": (width, 3 * width),
            f"{layer}.mix": (width, width),
            f"{layer}.gain_feed": (width,),
            f"{layer}.expand": (width, hidden),
            f"{layer}.expand_bias": (hidden,),
            f"{layer}.contract": (hidden, width),
        }
    return sizes | {
        "gain_final": (width,),
        "say": (width, shape.answers),
        "say_bias": (shape.answers,),
    }
