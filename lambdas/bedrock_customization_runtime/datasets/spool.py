"""Byte strings on disk, written once and then read in any order."""

from __future__ import annotations

from array import array
from tempfile import SpooledTemporaryFile

_IN_MEMORY = 8 * 2**20
"""Bytes before a file is made."""


class Spool:
    """A list of byte strings that costs 8 bytes of memory each, once it is large."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - close() closes it
        self._ends = array("Q", (0,))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> bytes:
        """Return one.

        Raises:
            IndexError: There are not that many.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        start = self._ends[index]
        self._file.seek(start)
        return self._file.read(self._ends[index + 1] - start)

    def append(self, data: bytes) -> None:
        """Add one; the time for it is before the first is read."""
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))

    def close(self) -> None:
        """Remove what is on disk."""
        self._file.close()
