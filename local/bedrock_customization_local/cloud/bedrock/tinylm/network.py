"""The transformer and its gradients, in float32 (or float64 to check them).

Pre-norm blocks of self-attention and a ReLU feed-forward layer. The prompt is seen whole from every
one of its positions, the completion only from left to right. A token's embedding is its own row
plus the mean of its character n-grams' rows; the loss is on the completion only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import GRAM_BUCKETS, PADDING, grams

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Encoded

Floats: TypeAlias = NDArray[np.floating]
Integers: TypeAlias = NDArray[np.integer]

_FORBIDDEN = -1e9
_EPSILON = 1e-5
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


def loss_and_gradients(
    weights: Weights, batch: Batch, *, dropout: float = 0.0, rng: np.random.Generator | None = None
) -> tuple[float, Weights]:
    """Return the mean cross-entropy of a batch's targets, in nats, and its gradients.

    Args:
        weights: Of the network.
        batch: With completions.
        dropout: Share of hidden values to drop.
        rng: Source of chance, needed if `dropout` is positive.
    """
    tape = _Tape(weights, batch, dropout, rng)
    loss = tape.forward()
    return loss, tape.backward()


def loss_of(weights: Weights, batch: Batch) -> float:
    """Return the mean cross-entropy of a batch's targets, in nats."""
    return _Tape(weights, batch, 0.0, None).forward()


def normalize(x: Floats) -> tuple[Floats, Floats]:
    """Return `x` over its root mean square along the last axis, and what it was multiplied by."""
    scale = 1 / np.sqrt(np.vecdot(x, x)[..., None] / x.shape[-1] + _EPSILON)
    return x * scale, scale


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


class _Tape:
    """One pass forward, which remembers what the pass backward needs."""

    def __init__(
        self, weights: Weights, batch: Batch, dropout: float, rng: np.random.Generator | None
    ) -> None:
        self._weights, self._batch = weights, batch
        self._dropout, self._rng = dropout, rng
        self._saved: list[tuple[Floats, ...]] = []

    def forward(self) -> float:
        weights, batch, shape = self._weights, self._batch, self._weights.shape
        count, length = batch.tokens.shape
        places = np.arange(length)[None]
        x = embed(weights, batch, places)
        keep = self._keep(x)
        x = x * keep
        self._keep_embedding = keep
        mask = attention_mask(batch.answers, places, places[0], x.dtype)
        for layer in range(shape.layers):
            x = self._attend(x, layer, mask)
            x = self._feed(x, layer)
        self._rows = x.reshape(count * length, -1)[batch.rows]
        self._final, self._final_scale = normalize(self._rows)
        y = self._final * weights["gain_final"]
        logits = y @ weights["say"] + weights["say_bias"]
        logits -= logits.max(-1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(-1, keepdims=True)
        self._shares = logits
        chosen = logits[np.arange(len(batch.targets)), batch.targets]
        return float(-np.log(np.maximum(chosen, 1e-30)).mean())

    def backward(self) -> Weights:
        weights, batch, shape = self._weights, self._batch, self._weights.shape
        gradients = weights.zeros()
        count, length = batch.tokens.shape
        dlogits = self._shares
        dlogits[np.arange(len(batch.targets)), batch.targets] -= 1
        dlogits /= len(batch.targets)
        y = self._final * weights["gain_final"]
        gradients["say"][:] = y.T @ dlogits
        gradients["say_bias"][:] = dlogits.sum(0)
        dy = dlogits @ weights["say"].T
        gradients["gain_final"][:] = (dy * self._final).sum(0)
        drows = _normalize_backward(dy * weights["gain_final"], self._final, self._final_scale)
        dx = np.zeros((count * length, shape.width), drows.dtype)
        dx[batch.rows] = drows
        dx = dx.reshape(count, length, shape.width)
        for layer in reversed(range(shape.layers)):
            dx = self._feed_backward(dx, layer, gradients)
            dx = self._attend_backward(dx, layer, gradients)
        dx = dx * self._keep_embedding
        self._embed_backward(dx, gradients)
        return gradients

    def _keep(self, like: Floats) -> Floats:
        """Return factors that drop a share of the values and scale the others up."""
        if self._rng is None or not self._dropout:
            return np.ones((), like.dtype)
        kept = self._rng.random(like.shape, np.float32) >= self._dropout
        return kept.astype(like.dtype) / like.dtype.type(1 - self._dropout)

    def _attend(self, x: Floats, layer: int, mask: Floats) -> Floats:
        weights, shape = self._weights, self._weights.shape
        count, length, width = x.shape
        normal, scale = normalize(x)
        h = normal * weights[f"{layer}.gain_attention"]
        qkv = (h.reshape(-1, width) @ weights[f"{layer}.attend"]).reshape(
            count, length, 3, shape.heads, width // shape.heads
        )
        q, k, v = (np.ascontiguousarray(qkv[:, :, part].swapaxes(1, 2)) for part in range(3))
        scores = q @ k.swapaxes(2, 3)
        scores *= (width // shape.heads) ** -0.5
        scores += mask
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        context = np.ascontiguousarray((scores @ v).swapaxes(1, 2)).reshape(-1, width)
        mixed = (context @ weights[f"{layer}.mix"]).reshape(x.shape)
        keep = self._keep(mixed)
        self._saved.append((normal, scale, h, q, k, v, scores, context, keep))
        return x + mixed * keep

    def _attend_backward(self, dx: Floats, layer: int, gradients: Weights) -> Floats:
        weights, shape = self._weights, self._weights.shape
        normal, scale, h, q, k, v, scores, context, keep = self._saved.pop()
        count, length, width = dx.shape
        head = width // shape.heads
        dmixed = (dx * keep).reshape(-1, width)
        gradients[f"{layer}.mix"][:] = context.T @ dmixed
        dcontext = (dmixed @ weights[f"{layer}.mix"].T).reshape(count, length, shape.heads, head)
        dcontext = np.ascontiguousarray(dcontext.swapaxes(1, 2))
        dv = scores.swapaxes(2, 3) @ dcontext
        dscores = dcontext @ v.swapaxes(2, 3)
        dscores -= (dscores * scores).sum(-1, keepdims=True)
        dscores *= scores
        dscores *= head**-0.5
        dqkv = np.empty((count, length, 3, shape.heads, head), dx.dtype)
        dqkv[:, :, 0] = (dscores @ k).swapaxes(1, 2)
        dqkv[:, :, 1] = (dscores.swapaxes(2, 3) @ q).swapaxes(1, 2)
        dqkv[:, :, 2] = dv.swapaxes(1, 2)
        flat = dqkv.reshape(-1, 3 * width)
        gradients[f"{layer}.attend"][:] = h.reshape(-1, width).T @ flat
        dh = (flat @ weights[f"{layer}.attend"].T).reshape(dx.shape)
        gradients[f"{layer}.gain_attention"][:] = (dh * normal).sum((0, 1))
        return dx + _normalize_backward(dh * weights[f"{layer}.gain_attention"], normal, scale)

    def _feed(self, x: Floats, layer: int) -> Floats:
        weights = self._weights
        normal, scale = normalize(x)
        h = normal * weights[f"{layer}.gain_feed"]
        inner = h.reshape(-1, x.shape[-1]) @ weights[f"{layer}.expand"]
        inner += weights[f"{layer}.expand_bias"]
        np.maximum(inner, 0, out=inner)
        out = (inner @ weights[f"{layer}.contract"]).reshape(x.shape)
        keep = self._keep(out)
        self._saved.append((normal, scale, h, inner, keep))
        return x + out * keep

    def _feed_backward(self, dx: Floats, layer: int, gradients: Weights) -> Floats:
        weights = self._weights
        normal, scale, h, inner, keep = self._saved.pop()
        width = dx.shape[-1]
        dout = (dx * keep).reshape(-1, width)
        gradients[f"{layer}.contract"][:] = inner.T @ dout
        dinner = dout @ weights[f"{layer}.contract"].T
        dinner *= inner > 0
        gradients[f"{layer}.expand"][:] = h.reshape(-1, width).T @ dinner
        gradients[f"{layer}.expand_bias"][:] = dinner.sum(0)
        dh = (dinner @ weights[f"{layer}.expand"].T).reshape(dx.shape)
        gradients[f"{layer}.gain_feed"][:] = (dh * normal).sum((0, 1))
        return dx + _normalize_backward(dh * weights[f"{layer}.gain_feed"], normal, scale)

    def _embed_backward(self, dx: Floats, gradients: Weights) -> None:
        batch = self._batch
        flat = dx.reshape(-1, dx.shape[-1])
        gradients["words"][:] = _sum_by(batch.tokens, flat, len(gradients["words"]))
        by_word = _sum_by(batch.surfaces, flat, len(batch.gram_shares))
        gradients["grams"][:] = batch.gram_shares.T @ by_word
        gradients["positions"][: dx.shape[1]] = dx.sum(0)


def embed(weights: Weights, batch: Batch, places: Integers) -> Floats:
    """Return the input vectors of a batch, [sequences, length, width].

    Args:
        weights: Of the network.
        batch: Tokens.
        places: Position of each token in its sequence, of any shape that fits [sequences, length].
    """
    by_word = batch.gram_shares @ weights["grams"]
    x: Floats = weights["words"][batch.tokens] + by_word[batch.surfaces]
    x += weights["positions"][places]
    return x


def gram_vectors(weights: Weights, words: Sequence[str]) -> Floats:
    """Return the mean of the rows of each word's character n-grams, [words, width].

    As `embed` has it, without a share of every row: what decoding a word at a time would wait for.
    """
    numbers: dict[str, int] = {"": 0}
    surfaces = [numbers.setdefault(word, len(numbers)) for word in words]
    held = [grams(word) for word in numbers if word]
    means = np.zeros((len(numbers), weights.shape.width), weights.flat.dtype)
    if held:
        sizes = np.array([len(buckets) for buckets in held])
        rows = weights["grams"][[bucket for buckets in held for bucket in buckets]]
        means[1:] = np.add.reduceat(rows, np.cumsum(sizes) - sizes) / sizes[:, None]
    vectors: Floats = means[surfaces]
    return vectors


def attention_mask(
    answers: Integers, places: Integers, keys: Integers, dtype: np.dtype[np.floating]
) -> Floats:
    """Return what is added to attention scores, [sequences, 1, length, keys].

    Args:
        answers: [sequences] position after which the completion begins.
        places: [sequences or 1, length] position of each of them.
        keys: Positions that they could see.
        dtype: Of the result.
    """
    before = keys <= places[:, :, None]
    prompt = keys <= answers[:, None, None]
    return np.where(before | prompt, 0, _FORBIDDEN).astype(dtype)[:, None]


def _normalize_backward(d: Floats, normal: Floats, scale: Floats) -> Floats:
    change: Floats = (d - normal * (d * normal).mean(-1, keepdims=True)) * scale
    return change


def _sum_by(groups: Integers, rows: Floats, count: int) -> Floats:
    """Return the sum of the rows of each group, [count, width]."""
    flat = groups.ravel()
    order = np.argsort(flat, kind="stable")
    ordered = flat[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    total = np.zeros((count, rows.shape[1]), rows.dtype)
    total[ordered[starts]] = np.add.reduceat(rows[order], starts)
    return total
