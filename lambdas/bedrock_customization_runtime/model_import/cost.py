"""What an imported model costs: nothing for the import, then by the minutes its copies are loaded.

The formula is the pricing page's (docs/costs.md): copies, units of each, price of a unit's minute,
minutes in windows of five. How many units a copy has, Bedrock says only after the import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.costs.estimate import summed
from bedrock_customization_runtime.costs.items import evaluating
from bedrock_customization_runtime.costs.quantities import AnswerLengths
from bedrock_customization_runtime.manifest import CostItem

if TYPE_CHECKING:
    from bedrock_customization_runtime.catalog import Price
    from bedrock_customization_runtime.costs.quantities import RunTokens
    from bedrock_customization_runtime.manifest import EstimateSection

QUESTIONS_A_WINDOW = 300
"""That one copy is assumed to answer: one a second, which is little."""


def estimate(
    model: catalog.BaseModel,
    tokens: RunTokens,
    *,
    units: int | None,
    answer_tokens: int | None,
    few_shot: int = 0,
) -> EstimateSection:
    """Return what importing a model and comparing it with a base model costs.

    Args:
        model: What it is compared with.
        tokens: Of the prepared data.
        units: Of one copy, as Bedrock has said; None before the import.
        answer_tokens: Limit of an answer in the evaluation; None where nothing is evaluated.
        few_shot: Examples before a question when the base model is asked a second time.
    """
    running = catalog.import_rules().running
    counted = running.example_units_per_copy if units is None else units
    said = "as in AWS's example, for Bedrock says so after the import" if units is None else ""
    records = tokens.blind.records if tokens.blind and answer_tokens else 0
    # The last begins with the smoke test.
    windows = 1 + -(-records // QUESTIONS_A_WINDOW)
    asked = (
        evaluating(
            model,
            tokens,
            None,
            AnswerLengths.of(tokens, None),
            answer_tokens,
            few_shot=few_shot,
            # The imported one is paid by the minute, not its tokens.
            candidate_is_on_demand=False,
        )
        if answer_tokens
        else []
    )
    copy = _item(
        "imported model",
        counted * windows * running.window_minutes,
        "unit minutes",
        running.unit_minute,
        f"one copy of {counted:,} units{f' ({said})' if said else ''} for {windows:,} windows of "
        f"{running.window_minutes} minutes, {QUESTIONS_A_WINDOW:,} questions in each",
    )
    stored = _item("storage", counted, "units", running.storage_per_unit_month, said)
    return summed([copy, *asked], monthly=[stored])


def _item(name: str, quantity: int, unit: str, price: Price, assumption: str) -> CostItem:
    return CostItem(
        name=name,
        quantity=quantity,
        unit=unit,  # type: ignore[arg-type] # one of the two above
        price_usd=price.usd,
        price_source=price.source,
        price_as_of=price.as_of,
        price_unverified=price.unverified,
        usd=round(quantity * price.usd, 9),
        assumption=assumption,
    )
