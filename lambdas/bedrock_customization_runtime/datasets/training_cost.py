"""What a training costs, as far as the catalogue knows its price; `costs` has the whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.datasets.tokens import ERROR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.catalog import MethodRules, Price

EPOCHS = "epochCount"
LONGEST_SHOT = 2_000
"""Tokens of an example before a question, at most; `evaluation.few_shot` chooses no longer one."""


def epochs_of(method: MethodRules, hyperparameters: Mapping[str, str]) -> int:
    """Return how often a job reads the training set: as it is told, else the model's default."""
    given = hyperparameters.get(EPOCHS)
    if given is not None:
        return int(given)
    known = method.hyperparameters.get(EPOCHS)
    return int(known.default) if known is not None and known.default is not None else 1


def training_price(base_model: catalog.BaseModel, method: MethodRules) -> Price | None:
    """Return the price of 1,000 tokens, which are the corpus times its epochs; None if unknown."""
    # No source states one for reinforcement.
    if method.method is catalog.Method.REINFORCEMENT_FINE_TUNING:
        return None
    return base_model.prices.training_per_1k_tokens


class TrainingCost(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate."""

    tokens: int
    """Of the training set, times the epochs."""
    epochs: int
    usd_per_1k_tokens: float | None
    """None where no price is known, which does not mean that it is free; likewise the next."""
    usd: float | None
    source: str | None
    as_of: str | None
    unverified: bool
    """Whether no document states the price."""
    token_error: float = ERROR
    """Share by which the tokens may be off."""


def training_cost(base_model: str, method: MethodRules, tokens: int) -> TrainingCost:
    """Return what one training of a base model costs, with its default epochs.

    Args:
        base_model: Id in the catalogue.
        method: Its rules of the method.
        tokens: Of the training set, for one epoch.
    """
    epochs = epochs_of(method, {})
    price = training_price(catalog.base_model(base_model), method)
    return TrainingCost(
        tokens=tokens * epochs,
        epochs=epochs,
        usd_per_1k_tokens=None if price is None else price.usd,
        usd=None if price is None else round(tokens * epochs / 1000 * price.usd, 4),
        source=None if price is None else price.source,
        as_of=None if price is None else price.as_of,
        unverified=price is not None and price.unverified,
    )
