"""Amounts and items in words, for messages and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import CostItem

_TEN_CENTS = 0.1


def in_words(item: CostItem) -> str:
    """Return an item with its quantity, price and amount as one line."""
    if item.quantity is None:
        return f"{item.name}: unknown, {item.assumption}"
    quantity = f"{item.quantity:,.0f} {item.unit}"
    if item.usd is None:
        return f"{item.name}: {quantity} at an unknown price"
    if item.price_usd is None:
        return f"{item.name}: {quantity} {dollars(item.usd)}"
    per = f" per {item.price_per:,}" if item.price_per > 1 else ""
    doubt = ", which no document states" if item.price_unverified else ""
    dated = f" (price of {item.price_as_of}{doubt})" if item.price_as_of else ""
    return f"{item.name}: {quantity} at ${decimal(item.price_usd)}{per} {dollars(item.usd)}{dated}"


def dollars(usd: float) -> str:
    """Return an amount to the cent, less than ten cents to two digits."""
    if usd == 0 or usd >= _TEN_CENTS:
        return f"${usd:,.2f}"
    return f"${decimal(float(f'{usd:.2g}'))}"


def decimal(usd: float) -> str:
    """Return an amount of at least a billionth of a dollar without an exponent."""
    return f"{usd:.9f}".rstrip("0").rstrip(".")
