"""What is wrong with one record: all of it, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from bedrock_customization_runtime.datasets.rules import Rule


class Problem(msgspec.Struct, frozen=True):
    """A rule that a record breaks, and where."""

    rule: Rule
    path: str = "$"
    """JSONPath into the record; for CSV and templates the name of a column or part."""
    detail: str | None = None
    """Figures or names; never a value of the record."""

    @property
    def reason(self) -> str:
        """What is wrong, in one line."""
        place = "" if self.path == "$" else f" at {self.path}"
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.rule.what}{place}{detail}"


class RecordRejectedError(Exception):
    """A record breaks rules whose verdict is REJECT."""

    def __init__(self, rule: Rule, path: str = "$", detail: str | None = None) -> None:
        """Keep the first problem; more may be appended."""
        super().__init__(rule.id)
        self.problems = [Problem(rule, path, detail)]


def raise_all(problems: list[Problem]) -> None:
    """Raise if there are any.

    Raises:
        RecordRejectedError: With all of them.
    """
    if problems:
        error = RecordRejectedError(problems[0].rule)
        error.problems = problems
        raise error
