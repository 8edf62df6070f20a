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
    normal = NormalDist()
    quantiles = normal.inv_cdf(1 - SIGNIFICANCE / 2) + normal.inv_cdf(POWER)
    return min(1.0, quantiles * standard_error)
