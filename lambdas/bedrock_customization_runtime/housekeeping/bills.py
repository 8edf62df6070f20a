"""What a resource bills while it is there, whether anybody asks it or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.housekeeping.inventory import ResourceKind

if TYPE_CHECKING:
    from bedrock_customization_runtime.housekeeping.inventory import Resource


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill:
    """What something costs while it is there, in US dollars; None where nobody knows.

    Args:
        usd_per_hour: By the hour until it is deleted.
        usd_per_month: For being kept.
        note: What the figures leave out.
    """

    usd_per_hour: float | None = 0.0
    usd_per_month: float | None = 0.0
    note: str = ""


def bill_of(resource: Resource) -> Bill:
    """Return what a resource bills, by the catalogue's prices."""
    match resource.kind:
        case ResourceKind.THROUGHPUT:
            return _throughput(resource)
        case ResourceKind.CUSTOM_MODEL:
            return Bill(usd_per_month=catalog.service().storage_per_model_month.usd)
        case ResourceKind.IMPORTED_MODEL:
            per_unit = catalog.import_rules().running.storage_per_unit_month.usd
            return Bill(
                usd_per_month=None,
                note=f"storage at ${per_unit:g} a month for each custom model unit, and copies "
                "while they are asked",
            )
        case ResourceKind.DEPLOYMENT:
            return Bill(note="by the token, nothing while idle")
        case ResourceKind.CUSTOMIZATION_JOB:
            return Bill(note="by the tokens it has trained")
        case ResourceKind.EVALUATION_JOB:
            return Bill(note="by the tokens of its models")


def _throughput(resource: Resource) -> Bill:
    try:
        model = catalog.base_model(resource.foundation_model or "")
    except catalog.UnknownBaseModelError:
        return Bill(usd_per_hour=None, note="no document states its price")
    price = model.prices.provisioned_per_model_unit_hour
    if price is None:
        return Bill(usd_per_hour=None, note="no document states its price")
    note = f"price of {price.as_of}" + (", unverified" if price.unverified else "")
    return Bill(usd_per_hour=price.usd * resource.model_units, note=note)
