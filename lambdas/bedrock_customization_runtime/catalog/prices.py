"""What using a base model costs, each price with its source and day."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """A price in US dollars, for estimates: an invoice may differ by Region and day."""

    usd: float
    source: str
    as_of: str
    """Day, month or year the source stated it, as `2026-07-16`, `2026-07` or `2026`."""
    unverified: bool = False
    """Whether no document states it: show it with that warning, and let nothing pass a limit by it
    that was not allowed to."""
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """Prices of a base model; None is unknown, never free."""

    training_per_1k_tokens: Price | None = None
    """Tokens of the training set times epochs."""
    input_per_1k_tokens: Price | None = None
    """On-demand inference, the same for the base model and for a deployment of a custom one."""
    output_per_1k_tokens: Price | None = None
    provisioned_per_model_unit_hour: Price | None = None
    """Provisioned throughput without commitment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InferencePrices:
    """What 1,000 tokens of a model cost on demand."""

    input: Price
    output: Price
