"""The transformer and its gradients, in float32 (or float64 to check them).

Pre-norm blocks of self-attention and a ReLU feed-forward layer. The prompt is seen whole from every
one of its positions, the completion only from left to right. A token's embedding is its own row
plus the mean of its character n-grams' rows; the loss is on the completion only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import grams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_local.cloud.bedrock.tinylm.batches import Batch, Integers
    from bedrock_customization_local.cloud.bedrock.tinylm.weights import Floats, Weights

_FORBIDDEN = -1e9
_EPSILON = 1e-5


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
