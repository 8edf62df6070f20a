"""How small a difference a blind set can show."""

from __future__ import annotations

import math
from statistics import NormalDist

SIGNIFICANCE = 0.05
POWER = 0.8
DISCORDANT = 0.25
"""Share of records that only one of two models answers right: assumed, as nobody has asked yet."""


def minimum_detectable_effect(records: int) -> float:
    """Return the smallest true difference of accuracy that such a blind set shows.

    For a paired two-sided test at 5 % that should succeed in 80 % of the cases (McNemar's, in its
    normal approximation).
    """
    return detectable(math.sqrt(DISCORDANT / records)) if records else 1.0


def detectable(standard_error: float) -> float:
    """Return the smallest true difference that such a test shows, given its standard error."""
    return min(1.0, _quantiles() * standard_error)


def records_to_show(effect: float) -> int:
    """Return how many blind records show a true difference of accuracy, by the same test.

    Args:
        effect: The difference, above 0.
    """
    return math.ceil(DISCORDANT * (_quantiles() / effect) ** 2)


def _quantiles() -> float:
    normal = NormalDist()
    return normal.inv_cdf(1 - SIGNIFICANCE / 2) + normal.inv_cdf(POWER)
