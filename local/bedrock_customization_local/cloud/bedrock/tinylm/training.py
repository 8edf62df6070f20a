"""The training loop: passes over shuffled batches, validation, early stopping.

A local pass over the data is cheap and teaches little, so an epoch of a job is `PASSES_PER_EPOCH`
local passes. Where the whole job would cost more than `BUDGET`, epochs are shortened, down to a
part of the data each: a job takes about a minute and a half at most, whatever its data. `Plan` says
how it came out.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from bedrock_customization_local.cloud.bedrock.tinylm.batches import make_batch
from bedrock_customization_local.cloud.bedrock.tinylm.model import (
    CONTEXT,
    Model,
    inherit,
    untrained_model,
)
from bedrock_customization_local.cloud.bedrock.tinylm.network import (
    loss_and_gradients,
    loss_of,
)
from bedrock_customization_local.cloud.bedrock.tinylm.optimizer import AdamW, Schedule
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Record, build_vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bedrock_customization_local.cloud.bedrock.tinylm.batches import Batch
    from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Encoded

PASSES_PER_EPOCH = 8
BUDGET = 3_500_000
"""What all steps of a job may cost together; see `cost_of`."""
BATCH = 32
PEAK_RATE = 3e-3
"""Learning rate at a job's default hyperparameter; other values scale it."""

_VALIDATION_RECORDS = 1000
_PATIENCE = 5
_DROPOUT = 0.1
_HIDE = 0.05
_DECAY = 0.05
# So high at most that a rate far beyond its default diverges, and that no number overflows.
_RATES = (1e-5, 10.0)
_Item = TypeVar("_Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a job asks for.

    Args:
        epochs: Epochs of the job.
        rate_factor: Learning rate, as a multiple of the base model's default.
        warmup: Steps over which the rate grows, at most a third of all.
        patience: Validations without improvement after which training stops; None for five.
        threshold: Loss by which a validation must be better to count.
        seed: Of every random choice.
        budget: What all steps may cost together; see `cost_of`.
    """

    epochs: int
    rate_factor: float = 1.0
    warmup: int = 10
    patience: int | None = None
    threshold: float = 0.0
    seed: int = 0
    budget: float = BUDGET


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is computed.

    Args:
        passes_per_epoch: Local passes over the data in one epoch of the job; below 1, a part of the
            data.
        steps_per_epoch: Batches in it.
        steps: Batches in all.
        truncated: Training records as long as the context or longer, of which a part may not be
            seen.
    """

    passes_per_epoch: float
    steps_per_epoch: int
    steps: int
    truncated: int


@dataclass(frozen=True, slots=True)
class Progress:
    """One batch, or one validation.

    Args:
        step: Batch, from 0.
        epoch: Epoch of the job, from 0.
        loss: Mean cross-entropy in nats per token of the completions.
        validation: Whether it is of the validation set.
    """

    step: int
    epoch: int
    loss: float
    validation: bool


def plan_of(lengths: Sequence[int], epochs: int, budget: float = BUDGET) -> Plan:
    """Return how much a job computes.

    Args:
        lengths: Length of each training record, in tokens.
        epochs: Epochs of the job.
        budget: What all steps may cost together.
    """
    passes = min(PASSES_PER_EPOCH, budget / (sum(map(cost_of, lengths)) * epochs))
    per_pass = -(-len(lengths) // BATCH)
    steps = max(1, round(passes * per_pass))
    truncated = sum(length >= CONTEXT for length in lengths)
    return Plan(steps / per_pass, steps, steps * epochs, truncated)


def cost_of(length: int) -> float:
    """Return what a record costs: its tokens, and more for long ones, where attention is dear."""
    return length * (1 + length / 100)


class Training:
    """Trains one model; iterate over it to the end, then take `model`.

    Args:
        train: Training set.
        validation: Validation set, of which the first thousand records count; empty for none.
        settings: What the job asks for.
        parent: Model to go on from; None to begin with an untrained one.
    """

    def __init__(
        self,
        train: Sequence[Record],
        validation: Sequence[Record],
        settings: Settings,
        parent: Model | None = None,
    ) -> None:
        known = None if parent is None else parent.vocabulary
        self.model = untrained_model(build_vocabulary(train, CONTEXT, known), settings.seed)
        if parent is not None:
            inherit(self.model, parent)
        encode = self.model.encoder.encode
        lengths = [len(encode(record.prompt, record.completion).tokens) for record in train]
        self.plan = plan_of(lengths, settings.epochs, settings.budget)
        self._train, self._settings = train, settings
        self._rng = np.random.default_rng(settings.seed)
        self._validation = [
            make_batch([encode(r.prompt, r.completion) for r in group], self._said)
            for group in _groups(validation[:_VALIDATION_RECORDS])
        ]

    def __iter__(self) -> Iterator[Progress]:
        """Yield the loss of each batch and validation; stop early if validation gets no better."""
        settings, plan, weights = self._settings, self.plan, self.model.weights
        peak = min(max(PEAK_RATE * settings.rate_factor, _RATES[0]), _RATES[1])
        warmup = max(1, min(settings.warmup, plan.steps // 3))
        optimizer = AdamW(weights, Schedule(peak, warmup, plan.steps), _DECAY)
        interval = min(plan.steps_per_epoch, -(-len(self._train) // BATCH))
        best, best_weights, since = float("inf"), weights.flat.copy(), 0
        for step, batch in enumerate(itertools.islice(self._batches(), plan.steps)):
            epoch = step // plan.steps_per_epoch
            loss, gradients = loss_and_gradients(weights, batch, dropout=_DROPOUT, rng=self._rng)
            optimizer.update(gradients)
            yield Progress(step, epoch, loss, validation=False)
            last = step + 1 == plan.steps
            if not self._validation or ((step + 1) % interval and not last):
                continue
            found = self._validation_loss()
            yield Progress(step, epoch, found, validation=True)
            since = 0 if found < best - settings.threshold else since + 1
            if found < best:
                best, best_weights = found, weights.flat.copy()
            if since > (_PATIENCE if settings.patience is None else settings.patience):
                break
        if self._validation:
            weights.flat[:] = best_weights

    @property
    def _said(self) -> Sequence[int]:
        return self.model.vocabulary.answers

    def _batches(self) -> Iterator[Batch]:
        """Yield batches of records of similar length, in random order, pass after pass."""
        while True:
            encoded = [
                self.model.encoder.encode(r.prompt, r.completion, hide=_HIDE, rng=self._rng)
                for r in self._train
            ]
            lengths = np.array([len(one.tokens) for one in encoded])
            order = np.argsort(lengths + 2 * self._rng.random(len(encoded)), kind="stable")
            groups: list[list[Encoded]] = list(_groups([encoded[index] for index in order]))
            for number in self._rng.permutation(len(groups)):
                yield make_batch(groups[number], self._said)

    def _validation_loss(self) -> float:
        losses = [loss_of(self.model.weights, batch) for batch in self._validation]
        sizes = [len(batch.targets) for batch in self._validation]
        return float(np.average(losses, weights=sizes))


def _groups(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), BATCH):
        yield list(items[start : start + BATCH])
