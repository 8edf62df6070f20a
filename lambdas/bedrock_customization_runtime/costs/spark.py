"""What preparing data by Spark has cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.manifest import SparkUse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.contract import SparkCapacity

_SECONDS_AN_HOUR = 3600
_BILLED = ("vcpuhour", "memorygbhour", "storagegbhour")


def use_of_spark(
    billed: Mapping[str, float], capacity: SparkCapacity, *, seconds: float
) -> SparkUse:
    """Return what a job has used, and what that costs.

    Args:
        billed: As EMR Serverless tells it of a job that has ended, in whatever case it writes the
            names; where it does not yet, all workers are taken to have been there all the time.
        capacity: Of all workers together.
        seconds: That the job took.
    """
    told = {name.lower(): hours for name, hours in billed.items()}
    is_told = all(name in told for name in _BILLED)
    hours = seconds / _SECONDS_AN_HOUR
    vcpu, memory, storage = (
        (told[name] for name in _BILLED)
        if is_told
        else (
            hours * capacity["vcpus"],
            hours * capacity["memory_gb"],
            hours * capacity["paid_storage_gb"],
        )
    )
    prices = catalog.preparation().prices
    cost = (
        vcpu * prices.vcpu_hour.usd
        + memory * prices.memory_gb_hour.usd
        + storage * prices.storage_gb_hour.usd
    )
    return SparkUse(
        vcpu_hours=round(vcpu, 3),
        memory_gb_hours=round(memory, 3),
        storage_gb_hours=round(storage, 3),
        cost_usd=round(cost, 6),
        at_most=not is_told,
    )
