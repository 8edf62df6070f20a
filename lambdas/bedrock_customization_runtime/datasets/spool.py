"""Byte strings on disk, written once and then read in any order."""

from __future__ import annotations

import os
from array import array
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BUFFER = 2**20


class Spool:
    """A list of byte strings that costs 8 bytes of memory each, whatever their size."""

    def __init__(self) -> None:
        self._file = TemporaryFile(buffering=_BUFFER)  # noqa: SIM115 - close() closes it
        self._ends = array("Q", (0,))
        self._is_written = False

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
        start, end = self._ends[index], self._ends[index + 1]
        if not self._is_written:
            self._file.flush()
            self._is_written = True
        return os.pread(self._file.fileno(), end - start, start)

    def append(self, data: bytes) -> None:
        """Add one; the time for it is before the first is read."""
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))

    def extend(self, data: bytes, ends: NDArray[np.intp]) -> None:
        """Add several that lie one after the other.

        Args:
            data: All of them.
            ends: Where each ends.
        """
        self._file.write(data)
        self._ends.frombytes((ends.astype(np.uint64) + np.uint64(self._ends[-1])).tobytes())

    def close(self) -> None:
        """Remove what is on disk."""
        self._file.close()
