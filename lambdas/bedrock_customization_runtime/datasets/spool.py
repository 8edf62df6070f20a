"""Byte strings on disk, written once and then read in any order."""

from __future__ import annotations

import os
from array import array
from itertools import repeat
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_BUFFER = 2**20


class Spool:
    """A list of byte strings that costs 8 bytes of memory each, whatever their size."""

    def __init__(self) -> None:
        self._file = TemporaryFile(buffering=_BUFFER)  # noqa: SIM115 - close() closes it
        self._ends = array("q", (0,))
        self._is_written = False

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> bytes:
        """Return one.

        Raises:
            IndexError: There are not that many.
        """
        (data,) = self.some(np.array([index]))
        return data

    def some(self, indexes: NDArray[np.intp]) -> Iterator[bytes]:
        """Yield some of them.

        Raises:
            IndexError: There are not that many.
        """
        starts, ends = self._bounds(indexes)
        return self._read(starts, ends)

    def joined(self, indexes: NDArray[np.intp]) -> tuple[bytes, NDArray[np.intp]]:
        """Return some of them, one after the other, and the size of each.

        Neighbours are read at once.

        Raises:
            IndexError: There are not that many.
        """
        starts, ends = self._bounds(indexes)
        breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
        begin, stop = np.append(0, breaks)[: len(starts)], np.append(breaks, len(starts))
        stop = stop[: len(begin)] - 1
        return b"".join(self._read(starts[begin], ends[stop])), ends - starts

    def _bounds(self, indexes: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        if indexes.size and not 0 <= indexes.min() <= indexes.max() < len(self):
            raise IndexError(indexes)
        ends = np.frombuffer(self._ends, dtype=np.int64)
        return ends[indexes], ends[indexes + 1]

    def _read(self, starts: NDArray[np.intp], ends: NDArray[np.intp]) -> Iterator[bytes]:
        if not self._is_written:
            self._file.flush()
            self._is_written = True
        sizes = (ends - starts).tolist()
        return map(os.pread, repeat(self._file.fileno()), sizes, starts.tolist())

    def size(self, indexes: NDArray[np.intp]) -> int:
        """Return how many bytes some of them have together, without reading them."""
        starts, ends = self._bounds(indexes)
        return int(np.sum(ends) - np.sum(starts))

    def append(self, data: bytes) -> None:
        """Add one; the time for it is before the first is read."""
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))

    def extend(self, data: bytes | memoryview, ends: NDArray[np.intp]) -> None:
        """Add several that lie one after the other.

        Args:
            data: All of them.
            ends: Where each ends.
        """
        self._file.write(data)
        self._ends.frombytes((ends + self._ends[-1]).tobytes())

    def close(self) -> None:
        """Remove what is on disk."""
        self._file.close()
