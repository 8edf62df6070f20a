"""The columns of a source's first rows, by which a misspelled template is found out early."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bedrock_customization_runtime.datasets.record_formats.templates import Template

_ROWS = 100
"""Rows of JSON after which a column that none of them has is taken for misspelled."""
_COLUMNS_REMEMBERED = 1000
"""Of each row."""


class FirstColumns:
    """What columns the first rows that can be read have.

    Args:
        added: Of each row, the columns that no row before it had.
    """

    def __init__(self, added: Sequence[Sequence[str]] = ()) -> None:
        self.added = [list(names) for names in added]
        self._seen = dict.fromkeys(name for names in self.added for name in names)

    @property
    def is_full(self) -> bool:
        """Whether there were enough rows to judge by."""
        return len(self.added) == _ROWS

    def add(self, row: Mapping[str, object]) -> None:
        """Note a row; those after the first hundred do not count."""
        if self.is_full:
            return
        names = [name for name in islice(row, _COLUMNS_REMEMBERED) if name not in self._seen]
        self._seen.update(dict.fromkeys(names))
        self.added.append(names)

    def append(self, following: FirstColumns) -> None:
        """Note the rows of the part of the source that follows."""
        for names in following.added:
            self.add(dict.fromkeys(names))

    def check(self, template: Template) -> None:
        """Check that the rows have every column the template names; nothing to check without rows.

        Raises:
            DatasetRejected: They have not.
        """
        if self.added:
            template.check_columns(self._seen)
