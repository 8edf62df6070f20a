"""Whether a run may cost what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.costs.words import dollars, in_words
from bedrock_customization_runtime.datasets.training_cost import EPOCHS
from bedrock_customization_runtime.errors import BudgetExceeded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_runtime.manifest import CostItem, EstimateSection


def check_budget(
    found: EstimateSection, *, max_cost_usd: float | None, allow_unknown_price: bool
) -> None:
    """Refuse a run that costs more than it may, or nobody knows how much.

    Without a documented price for an item nobody can say, unless that is allowed; what has a figure
    is held against the limit all the same.

    Raises:
        BudgetExceeded: With the figures, item by item.
    """
    if max_cost_usd is None:
        return
    figures = "; ".join(map(in_words, found.items))
    doubtful = [item for item in found.items if not item.is_certain]
    if doubtful and not allow_unknown_price:
        names = ", ".join(item.name for item in doubtful)
        lacking = "amount or documented price" if _lacks_amount(doubtful) else "documented price"
        raise BudgetExceeded(
            f"no {lacking} is known for {names}, so nobody can say whether the run stays below "
            f"max_cost_usd of {max_cost_usd:g} ({figures}): set allow_unknown_price to start it "
            "all the same"
        )
    if found.known_usd > max_cost_usd:
        about = "without what is unknown " if found.usd is None else ""
        raise BudgetExceeded(
            f"the run costs {about}about {dollars(found.known_usd)}, max_cost_usd is "
            f"{max_cost_usd:g} ({figures}): raise it, lower {EPOCHS}, or give fewer records"
        )


def _lacks_amount(items: Sequence[CostItem]) -> bool:
    return any(item.quantity is None for item in items)
