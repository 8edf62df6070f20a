"""Physical lines of a byte stream, by the block: one beyond the limit is cut, never held whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

MAXIMUM_BYTES = 2**20
"""Of a line. The largest record a base model takes (32,000 tokens) is a fifth of it."""
_BLOCK_BYTES = 2**17
"""Enough lines that the work for a block does not count, and few enough for a processor's cache."""
_LINE_FEED = 10


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line as an editor counts them: it ends at LF, CR LF or a lone CR, or with the file."""

    number: int
    """From 1."""
    data: bytes
    """Without the line end; of a cut line the first `MAXIMUM_BYTES`."""
    cut: bool = False
    """Whether the line was longer than the limit."""


class Block(msgspec.Struct, frozen=True):
    """Whole lines that follow each other; a cut one is alone."""

    number: int
    """Of its first line, from 1."""
    data: bytes
    """Each line ends with LF, whatever stood there."""
    ends: NDArray[np.intp]
    """Where the line feeds are."""
    cut: bool = False
    """Whether its line was longer than the limit."""

    @property
    def starts(self) -> NDArray[np.intp]:
        """Where the lines begin."""
        starts = np.empty_like(self.ends)
        starts[0] = 0
        starts[1:] = self.ends[:-1] + 1
        return starts

    def start(self, place: int) -> int:
        """Return where a line begins, by its place in the block."""
        return int(self.ends[place - 1]) + 1 if place else 0

    def line(self, place: int) -> Line:
        """Return a line by its place in the block."""
        data = self.data[self.start(place) : self.ends[place]]
        return Line(self.number + place, data, self.cut)

    def lines(self) -> Iterator[Line]:
        """Yield the lines."""
        for number, data in enumerate(self.data[:-1].split(b"\n"), self.number):
            yield Line(number, data, self.cut)


def lines(chunks: Iterable[bytes]) -> Iterator[Line]:
    """Yield every line, empty ones too."""
    for block in blocks(chunks):
        yield from block.lines()


def blocks(chunks: Iterable[bytes]) -> Iterator[Block]:
    """Yield every line, empty ones too, many at once."""
    number = 1
    rest = b""
    for chunk in _with_line_feeds(chunks):
        start = 0
        if rest:
            start = chunk.find(b"\n") + 1
            # No more than a limit and a chunk is held; a byte beyond the limit says that it is cut.
            if len(rest) <= MAXIMUM_BYTES:
                rest = (rest + chunk[: start or len(chunk)])[: MAXIMUM_BYTES + 1]
            if not start:
                continue
            yield _line(number, rest.removesuffix(b"\n"))
            number += 1
        last = chunk.rfind(b"\n") + 1
        while start < last:
            end = chunk.rfind(b"\n", start, start + _BLOCK_BYTES) + 1
            if end:
                block = _block(number, chunk[start:end])
            else:
                end = chunk.find(b"\n", start) + 1
                block = _line(number, chunk[start : min(end - 1, start + MAXIMUM_BYTES + 1)])
            yield block
            number += len(block.ends)
            start = end
        rest = chunk[start : start + MAXIMUM_BYTES + 1]
    if rest:
        yield _line(number, rest)


def _line(number: int, data: bytes) -> Block:
    if len(data) <= MAXIMUM_BYTES:
        return _block(number, data + b"\n")
    data = data[:MAXIMUM_BYTES] + b"\n"
    return Block(number, data, np.array([MAXIMUM_BYTES]), cut=True)


def _block(number: int, data: bytes) -> Block:
    return Block(number, data, np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _LINE_FEED))


def _with_line_feeds(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the chunks with every line end as LF, also where a chunk ends between CR and LF."""
    held = b""
    for chunk in chunks:
        data = held + chunk
        held = b""
        if b"\r" in data:
            if data.endswith(b"\r"):
                data, held = data[:-1], b"\r"
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield data
    if held:
        yield b"\n"


class LineCounter:
    """Counts the lines of a byte stream that passes through."""

    def __init__(self) -> None:
        self._ends = 0
        self._is_open = False

    @property
    def count(self) -> int:
        """Lines so far, an unended one included."""
        return self._ends + self._is_open

    def counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks."""
        ends_with_return = False
        for chunk in chunks:
            if not chunk:
                continue
            self._ends += chunk.count(b"\n")
            if b"\r" in chunk:
                self._ends += chunk.count(b"\r") - chunk.count(b"\r\n")
            if ends_with_return and chunk.startswith(b"\n"):
                self._ends -= 1
            ends_with_return = chunk.endswith(b"\r")
            self._is_open = not chunk.endswith((b"\r", b"\n"))
            yield chunk
