"""What a source is, by its first bytes: names lie.

Gzip and Parquet are taken out of their dress here, so what follows sees lines; the bytes of such a
source itself have none, and must not be cut at line feeds.
"""

from __future__ import annotations

import codecs
import re
from itertools import chain
from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets.reading import compression, parquet
from bedrock_customization_runtime.datasets.rules import Input
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SAMPLE_BYTES = 64 * 1024
"""From the start of a source, which tell what it is."""
_READS = "data preparation reads CSV and JSON Lines in UTF-8, plain or as gzip, and Parquet"
_FOREIGN = {
    b"PARE": "an encrypted Parquet file: write it without encryption",
    b"PK\x03\x04": "a zip archive (Excel files are too): unpack it, or save the sheet as CSV",
    b"\x28\xb5\x2f\xfd": "a Zstandard file: decompress it, or use gzip",
    b"BZh": "a bzip2 file: decompress it, or use gzip",
    b"\xfd7zXZ\0": "an xz file: decompress it, or use gzip",
    b"Obj\x01": "an Avro file: convert it to JSON Lines",
    b"ORC": "an ORC file: convert it to JSON Lines",
    b"SQLite format 3": "an SQLite database: export the table as CSV",
    b"%PDF-": "a PDF document: extract records from it first",
    codecs.BOM_UTF32_LE: "text in UTF-32: save it as UTF-8",
    codecs.BOM_UTF32_BE: "text in UTF-32: save it as UTF-8",
    codecs.BOM_UTF16_LE: "text in UTF-16: save it as UTF-8",
    codecs.BOM_UTF16_BE: "text in UTF-16: save it as UTF-8",
}
_JSON_ARRAY = re.compile(rb'\s*\[\s*(?:[\[{"\]\d-]|$)')
_OBJECT = re.compile(rb'(?:\xef\xbb\xbf)?\{\s*["}]')
_BINARY_SHARE = 5
"""One NUL in so many bytes is not text in UTF-8."""


def opened(chunks: Iterable[bytes], *, nulls: bool = False) -> tuple[Input, Iterator[bytes]]:
    """Return what the source holds, and its text: decompressed, and of Parquet as JSON Lines.

    Args:
        chunks: The source's bytes.
        nulls: Whether empty values of Parquet are written, as templates want, or left out, as
            records do.

    Raises:
        DatasetRejected: It is nothing that data preparation reads; the message says what it is.
    """
    head, rest = _peek(chunks)
    if head.startswith(compression.GZIP_MAGIC):
        head, rest = _peek(compression.decompressed(rest))
        if head.startswith(compression.GZIP_MAGIC):
            raise DatasetRejected(f"the source is gzip inside gzip: compress it once; {_READS}")
    if head.startswith(parquet.MAGIC):
        return Input.JSONL, parquet.json_lines(rest, nulls=nulls)
    return _input_of(head), rest


def _peek(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    stream = iter(chunks)
    taken: list[bytes] = []
    size = 0
    for chunk in stream:
        taken.append(chunk)
        size += len(chunk)
        if size >= SAMPLE_BYTES:
            break
    return b"".join(taken)[:SAMPLE_BYTES], chain(taken, stream)


def _input_of(head: bytes) -> Input:
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise DatasetRejected(f"the source is {what}; {_READS}")
    if head.count(0) * _BINARY_SHARE > len(head):
        raise DatasetRejected(
            f"the source is text in UTF-16 or UTF-32, or no text at all: save it as UTF-8; {_READS}"
        )
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if _JSON_ARRAY.match(text):
        raise DatasetRejected(
            "the source is a JSON array: write one object on each line, "
            f"for example with jq --compact-output '.[]'; {_READS}"
        )
    rows = [row.strip() for row in text.splitlines()[:100]]
    if rows and rows[0] == b"{":
        raise DatasetRejected(
            "the source is indented JSON: write one object on each line, "
            f"for example with jq --compact-output '.'; {_READS}"
        )
    objects = sum(_OBJECT.match(row) is not None for row in rows)
    return Input.JSONL if text.startswith(b"{") or objects * 2 >= len(rows) else Input.CSV
