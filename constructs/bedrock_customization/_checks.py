"""Checks of arguments that leave tokens alone: their values are not known at synth."""

from __future__ import annotations

from aws_cdk import Token


def check_between(name: str, value: float, low: float, high: float, remedy: str) -> None:
    """Refuse a number outside `[low, high]`.

    Raises:
        ValueError: Names the parameter, the value, what is allowed and what to do.
    """
    if Token.is_unresolved(value):
        return
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low:g} and {high:g}, got {value}: {remedy}")
