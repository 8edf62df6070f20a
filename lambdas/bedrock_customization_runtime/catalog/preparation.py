"""Which driver prepares a source of which size, and what Spark is and costs."""

from dataclasses import dataclass
from functools import cache

from bedrock_customization_runtime.catalog.prices import Price
from bedrock_customization_runtime.catalog.tables import preparation_table


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossovers:
    """Sizes of a source's text, in bytes, above which the next driver prepares it."""

    functions_above_bytes: int
    """One function up to here, then many."""
    spark_above_bytes: int
    """Many functions up to here, then Spark, where there is one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SparkFacts:
    """What EMR Serverless runs."""

    release_label: str
    spark_version: str
    python_version: str
    """Of the interpreters that the release has, the one that is used."""
    architecture: str
    free_storage_gb: int
    """Of each worker's disk."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SparkPrices:
    """What workers cost, each price for an hour."""

    vcpu_hour: Price
    memory_gb_hour: Price
    storage_gb_hour: Price
    """Beyond what is free."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparationFacts:
    """Facts of the drivers of data preparation."""

    as_of: str
    crossovers: Crossovers
    spark: SparkFacts
    prices: SparkPrices


@cache
def preparation() -> PreparationFacts:
    """Return the facts of the drivers of data preparation."""
    table = preparation_table()
    return PreparationFacts(
        as_of=str(table["as_of"]),
        crossovers=Crossovers(**table["crossovers"]),
        spark=SparkFacts(**table["spark"]),
        prices=SparkPrices(**{name: Price(**price) for name, price in table["prices"].items()}),
    )
