"""Physical lines of a byte stream: one beyond the limit is cut, never held whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAXIMUM_BYTES = 2**20
"""Of a line. The largest record a base model takes (32,000 tokens) is a fifth of it."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line as an editor counts them: it ends at LF, CR LF or a lone CR, or with the file."""

    number: int
    """From 1."""
    data: bytes
    """Without the line end; of a cut line the first `MAXIMUM_BYTES`."""
    cut: bool = False
    """Whether the line was longer than the limit."""


def lines(chunks: Iterable[bytes]) -> Iterator[Line]:
    """Yield every line, empty ones too."""
    number = 0
    rest = b""
    cut = False
    for chunk in _with_line_feeds(chunks):
        first, *others = chunk.split(b"\n")
        if others:
            number += 1
            yield _line(number, rest + first, cut=cut)
            rest, cut = b"", False
            last = others.pop()
            if len(chunk) > MAXIMUM_BYTES:
                for number, piece in enumerate(others, number + 1):  # noqa: B020 - goes on
                    yield _line(number, piece)
            else:
                for number, piece in enumerate(others, number + 1):  # noqa: B020 - goes on
                    yield Line(number, piece)
        else:
            last = first
        if last:
            # One chunk at a time joins the rest, so no more than a limit and a chunk is held.
            rest = rest + last if rest else last
            if len(rest) > MAXIMUM_BYTES:
                rest, cut = rest[:MAXIMUM_BYTES], True
    if rest:
        yield Line(number + 1, rest, cut)


def _line(number: int, data: bytes, *, cut: bool = False) -> Line:
    if cut or len(data) > MAXIMUM_BYTES:
        return Line(number, data[:MAXIMUM_BYTES], cut=True)
    return Line(number, data)


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
