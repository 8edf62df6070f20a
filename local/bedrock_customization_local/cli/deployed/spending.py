"""What a run has cost so far: the items of its estimate whose work is done. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import CostItem, Manifest

_MADE = ("training", "teacher input", "teacher output")
"""Items of what makes the model."""
_DEPLOYED = ("model units",)
_ASKED_BEFORE = ("enrichment", "baseline")
"""How items begin that were paid before the estimate was made."""


@dataclass(frozen=True, slots=True)
class Spending:
    """An amount, by the estimate.

    Args:
        usd: Of the items whose price is known.
        is_complete: Whether all items' prices are.
    """

    usd: float
    is_complete: bool

    @property
    def words(self) -> str:
        """The amount for people."""
        from bedrock_customization_runtime.costs.words import dollars  # noqa: PLC0415 - a word

        return f"about {dollars(self.usd)}" + ("" if self.is_complete else " and more")


def spent(manifest: Manifest) -> Spending | None:
    """Return what a run has cost so far; None before it has an estimate.

    The estimate's own figures count for what is done, because invoices come a day later. Of
    provisioned throughput the whole time that was planned counts once it is bought.
    """
    if manifest.estimate is None:
        return None
    items = [item for item in manifest.estimate.items if _is_done(item, manifest)]
    return Spending(
        sum(item.usd or 0.0 for item in items), all(item.usd is not None for item in items)
    )


def _is_done(item: CostItem, manifest: Manifest) -> bool:
    if item.name.startswith(_ASKED_BEFORE):
        return True
    if item.name in _MADE:
        return manifest.model_arn is not None
    if item.name in _DEPLOYED:
        return manifest.deployment is not None
    return manifest.evaluation is not None
