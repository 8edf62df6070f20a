"""AdamW with a linear warm-up and a cosine decay."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bedrock_customization_local.cloud.bedrock.tinylm.weights import Weights

_FIRST_DECAY = 0.9
_SECOND_DECAY = 0.98
_EPSILON = 1e-8
_LARGEST_NORM = 1.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the learning rate changes.

    Args:
        peak: Learning rate after the warm-up.
        warmup: Steps of linear growth.
        steps: Steps in all; the rate decays to a twentieth of the peak.
    """

    peak: float
    warmup: int
    steps: int

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, from 0."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.peak * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


class AdamW:
    """Adam with decoupled weight decay and a bound on the gradient's norm."""

    def __init__(self, weights: Weights, schedule: Schedule, decay: float) -> None:
        self._weights, self._schedule, self._decay = weights, schedule, decay
        self._first, self._second = np.zeros_like(weights.flat), np.zeros_like(weights.flat)
        self._step = 0

    def update(self, gradients: Weights) -> None:
        """Change the weights in place by one step; the gradients are consumed."""
        flat, rate = gradients.flat, self._schedule.rate(self._step)
        norm = float(np.sqrt(np.dot(flat, flat)))
        if norm > _LARGEST_NORM:
            flat *= _LARGEST_NORM / norm
        self._step += 1
        self._first += (1 - _FIRST_DECAY) * (flat - self._first)
        flat *= flat
        self._second += (1 - _SECOND_DECAY) * (flat - self._second)
        np.sqrt(self._second, out=flat)
        flat *= (1 - _SECOND_DECAY**self._step) ** -0.5
        flat += _EPSILON
        np.divide(self._first, flat, out=flat)
        flat *= rate / (1 - _FIRST_DECAY**self._step)
        self._weights.flat *= 1 - rate * self._decay
        self._weights.flat -= flat
