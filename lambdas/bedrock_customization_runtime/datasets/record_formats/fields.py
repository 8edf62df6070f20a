"""Reading the fields of a JSON object while collecting everything that is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.datasets.rules import Rule

_PROBLEMS_KEPT = 50
"""Of one record: a line of thousands of faults needs no thousand explanations."""


class Fields:
    """Collects the problems of one record.

    Attributes:
        problems: In the order they were found.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def fail(self, rule: Rule, path: str, detail: str | None = None) -> None:
        """Note a problem."""
        if len(self.problems) < _PROBLEMS_KEPT:
            self.problems.append(Problem(rule, path, detail))

    def text(self, value: object, path: str) -> str:
        """Return a value that must be a string; "" and a problem if it is not."""
        if isinstance(value, str):
            return value
        self.fail(rules.FIELD_TYPE, path, f"{_kind(value)} instead of a string")
        return ""

    def items(self, value: object, path: str) -> list[object]:
        """Return a value that must be a list; [] and a problem if it is not."""
        if isinstance(value, list):
            return value
        self.fail(rules.FIELD_TYPE, path, f"{_kind(value)} instead of a list")
        return []

    def table(self, value: object, path: str) -> dict[str, object] | None:
        """Return a value that must be an object; None and a problem if it is not."""
        if isinstance(value, dict):
            return value
        self.fail(rules.FIELD_TYPE, path, f"{_kind(value)} instead of an object")
        return None

    def only(self, row: Mapping[str, object], names: frozenset[str], path: str) -> None:
        """Note fields that should not be there; their names may be data, so they are counted."""
        unknown = len(row.keys() - names)
        if unknown:
            allowed = ", ".join(sorted(names))
            self.fail(rules.FIELD_UNKNOWN, path, f"{unknown} besides {allowed}")


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
