"""A model folder, wherever it lies: a name and a size for each file, and bytes on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class File:
    """A file of the folder."""

    name: str
    """Relative to the folder, with `/` between folders."""
    size: int
    """In bytes, as the source says: it may lie."""
    is_regular: bool = True
    """False for a link that leads out of the folder, a device, a pipe: named, and never read."""


class Folder(Protocol):
    """A source of models, pinned: what it says does not change while it is read."""

    def files(self) -> Sequence[File]:
        """Return all files, those in folders below too, in any order."""
        ...

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return bytes of a file: `length` of them, or fewer where the file ends.

        Args:
            name: One of those of `files`.
            start: First byte, from 0.
            length: At least 1.
        """
        ...
