"""What a training costs, as far as the catalogue knows prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.datasets.tokens import ERROR

if TYPE_CHECKING:
    from bedrock_customization_runtime.catalog import MethodRules

_EPOCHS = "epochCount"


class TrainingCost(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate."""

    tokens: int
    """Of the training set, times the epochs."""
    epochs: int
    """The base model's default."""
    usd: float | None
    """None where no price is known, which does not mean that it is free."""
    source: str | None
    as_of: str | None
    unverified: bool
    """Whether no document states the price."""
    token_error: float = ERROR
    """Share by which the tokens may be off."""


def training_cost(base_model: str, method: MethodRules, tokens: int) -> TrainingCost:
    """Return what one training of a base model costs.

    Args:
        base_model: Id in the catalogue.
        method: Its rules of the method.
        tokens: Of the training set, for one epoch.
    """
    epochs = method.hyperparameters.get(_EPOCHS)
    times = int(epochs.default) if epochs is not None and epochs.default is not None else 1
    price = catalog.base_model(base_model).prices.training_per_1k_tokens
    return TrainingCost(
        tokens=tokens * times,
        epochs=times,
        usd=None if price is None else round(tokens * times / 1000 * price.usd, 2),
        source=None if price is None else price.source,
        as_of=None if price is None else price.as_of,
        unverified=price is not None and price.unverified,
    )
