"""Gzip, bounded: a small object must not become an endless one."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GZIP_MAGIC = b"\x1f\x8b"
MAXIMUM_BYTES = 8 * 2**30
"""Of the decompressed data."""
MAXIMUM_RATIO = 200
"""Text compresses five- to thirtyfold; a bomb about a thousandfold."""
_RATIO_APPLIES_FROM = 4 * 2**20
_STEP = 2**20
_PIECE = 64 * 2**10


def decompressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the contents of a gzip stream (of one member or several) in pieces of at most 1 MiB.

    Raises:
        DatasetRejected: The stream is cut, broken, or grows beyond all measure.
    """
    decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    taken = given = 0
    for compressed in _pieces(chunks):
        taken += len(compressed)
        data = compressed
        while data:
            if decoder.eof:
                data = data.lstrip(b"\0")  # some writers pad the end with zeros
                if not data:
                    break
                decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            try:
                piece = decoder.decompress(data, _STEP)
            except zlib.error:
                raise DatasetRejected(
                    f"the gzip data break after {given:,} bytes of text: compress the file again"
                ) from None
            given += len(piece)
            _check_size(taken - len(decoder.unconsumed_tail), given)
            if piece:
                yield piece
            data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
    if not decoder.eof:
        raise DatasetRejected(
            f"the gzip data end early, after {given:,} bytes of text: upload the whole file"
        )


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    # What follows a member is copied for the next one, so with a large piece a file of very many
    # tiny members would take quadratic time.
    for chunk in chunks:
        for start in range(0, len(chunk), _PIECE):
            yield chunk[start : start + _PIECE]


def _check_size(taken: int, given: int) -> None:
    if given > MAXIMUM_BYTES:
        raise DatasetRejected(
            f"the gzip data hold more than {MAXIMUM_BYTES:,} bytes: split the file"
        )
    if given > _RATIO_APPLIES_FROM and given > MAXIMUM_RATIO * taken:
        raise DatasetRejected(
            f"the gzip data expand more than {MAXIMUM_RATIO}-fold, which no text does: "
            "check how the file was made, or upload it uncompressed"
        )
