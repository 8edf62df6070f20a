"""Hyperparameters: their ranges, and the string map Bedrock wants."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Literal

HyperparameterValue = int | float | str

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


class HyperparameterError(ValueError):
    """A hyperparameter has no such name, or a value that Bedrock refuses."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hyperparameter:
    """A setting of a customization job."""

    name: str
    """As the API spells it, letter case included."""
    type: Literal["int", "float", "choice"]
    minimum: int | float | None = None
    """Smallest value allowed; None where no source states one; likewise the next."""
    maximum: int | float | None = None
    choices: tuple[str, ...] = ()
    """Values of a `choice`."""
    default: HyperparameterValue | None = None
    """What a job takes when it is left out; None where no source states it."""
    required: bool = False
    """Whether a job fails without it."""
    automatic: str | None = None
    """A word allowed instead of a number: Bedrock then chooses."""
    note: str | None = None

    @property
    def allowed(self) -> str:
        """The values allowed, in words: `an integer from 1 to 5`."""
        if self.type == "choice":
            return f"one of {', '.join(self.choices)}"
        words = "an integer" if self.type == "int" else "a number"
        if self.minimum is not None and self.maximum is not None:
            words += f" from {rendered(self.minimum)} to {rendered(self.maximum)}"
        return words if self.automatic is None else f"{words} or {self.automatic}"

    def parse(self, given: HyperparameterValue) -> HyperparameterValue | None:
        """Return a value in this hyperparameter's own type, or None if it is not allowed."""
        if given == self.automatic or given in self.choices:
            return given
        number = _integer(given) if self.type == "int" else _float(given)
        if self.type == "choice" or number is None:
            return None
        too_low = self.minimum is not None and number < self.minimum
        too_high = self.maximum is not None and number > self.maximum
        return None if too_low or too_high else number


def parse_hyperparameters(
    known: Mapping[str, Hyperparameter],
    given: Mapping[str, HyperparameterValue],
    *,
    base_model: str,
) -> dict[str, HyperparameterValue]:
    """Return hyperparameters in their own types, in the order given.

    Args:
        known: What the base model and method take, by name.
        given: Numbers, or strings that hold them.
        base_model: Names the base model in messages.

    Raises:
        HyperparameterError: An unknown or missing name, a wrong type, a value out of range.
    """
    for name, hyperparameter in known.items():
        if hyperparameter.required and name not in given:
            raise HyperparameterError(
                f"{name} of {base_model} has no default: give {hyperparameter.allowed}"
            )
    parsed: dict[str, HyperparameterValue] = {}
    for name, value in given.items():
        if name not in known:
            raise HyperparameterError(_unknown(name, known, base_model))
        accepted = known[name].parse(value)
        if accepted is None:
            raise HyperparameterError(_refused(value, known[name], base_model))
        parsed[name] = accepted
    return parsed


def rendered(value: HyperparameterValue) -> str:
    """Return a value as Bedrock's string map holds it: a plain decimal that reads back the same."""
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _integer(given: HyperparameterValue) -> int | None:
    if isinstance(given, str):
        return int(given) if _INTEGER.fullmatch(given) else None
    # bool is a kind of int, and True epochs is a mistake.
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _float(given: HyperparameterValue) -> float | None:
    if isinstance(given, bool) or (isinstance(given, str) and not _NUMBER.fullmatch(given)):
        return None
    try:
        number = float(given)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _unknown(name: str, known: Mapping[str, Hyperparameter], base_model: str) -> str:
    if not known:
        return f"{base_model} takes no hyperparameters with this method: leave out {name}"
    by_lower_case = {candidate.lower(): candidate for candidate in known}
    near = get_close_matches(name.lower(), by_lower_case, n=1)
    suggestion = f"; did you mean {by_lower_case[near[0]]}?" if near else ""
    return f"{name} is no hyperparameter of {base_model}, only {', '.join(known)}{suggestion}"


def _refused(value: HyperparameterValue, hyperparameter: Hyperparameter, base_model: str) -> str:
    message = (
        f"{hyperparameter.name} of {base_model} must be {hyperparameter.allowed}, got {value!r}"
    )
    if hyperparameter.default is None:
        return message
    return f"{message}; leave it out for the default of {rendered(hyperparameter.default)}"
