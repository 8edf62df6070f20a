"""Checks of arguments that leave tokens alone: their values are not known at synth."""

from __future__ import annotations

import math

from aws_cdk import Token


def check_between(name: str, value: float, low: float, high: float, remedy: str) -> None:
    """Refuse what is no number in `[low, high]`.

    Raises:
        ValueError: Names the parameter, the value, what is allowed and what to do.
    """
    # Callers without a type checker pass anything, and jsii cannot carry what is not finite.
    given: object = value
    number = given if isinstance(given, int | float) and not isinstance(given, bool) else math.nan
    if math.isfinite(number) and (low <= number <= high or Token.is_unresolved(number)):
        return
    raise ValueError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}: {remedy}")


def check_whole(name: str, value: int, low: int, high: int, remedy: str) -> None:
    """Refuse what is no whole number in `[low, high]`.

    Raises:
        ValueError: As `check_between`.
    """
    check_between(name, value, low, high, remedy)
    if value != int(value) and not Token.is_unresolved(value):
        raise ValueError(f"{name} must be a whole number, got {value!r}: {remedy}")
