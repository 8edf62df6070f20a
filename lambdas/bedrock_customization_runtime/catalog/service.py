"""What holds for Bedrock whatever the base model: account quotas and the price of storage."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from bedrock_customization_runtime.catalog.prices import Price
from bedrock_customization_runtime.catalog.tables import service_table


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """A default quota of an account in a Region."""

    value: int
    adjustable: bool
    """Whether Service Quotas raises it on request."""
    code: str | None = None
    """In Service Quotas; None where no source states it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """Facts of the service."""

    quotas: Mapping[str, Quota]
    """By the name that data/service.toml gives them."""
    as_of: str
    """Day of the quotas."""
    storage_per_model_month: Price
    """For each custom model kept, whether it is deployed or not."""


@cache
def service() -> Service:
    """Return the facts of the service."""
    table = service_table()
    return Service(
        quotas={name: Quota(**quota) for name, quota in table["quotas"].items()},
        as_of=str(table["as_of"]),
        storage_per_model_month=Price(**table["storage_per_model_month"]),
    )
