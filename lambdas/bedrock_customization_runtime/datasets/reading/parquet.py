"""Parquet as JSON Lines: row n of the file becomes line n, nested columns become objects and lists.

Values become what JSON has: numbers stay numbers (NaN and infinities are null), decimals keep all
their digits, bytes are hexadecimal, dates and times ISO 8601, durations too.

A page of a few bytes may stand for gigabytes, and Parquet's reader, which is native code, ends its
whole process when memory runs out or data surprise it. So it gets a process of its own, with a
limit of memory (`parquet_process`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from bedrock_customization_runtime.datasets.reading import compression
from bedrock_customization_runtime.errors import DatasetRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAGIC = b"PAR1"
"""First and last bytes of a file."""
UNREADABLE = 3
"""Exit code of the process where the file is to blame."""
_PROCESS = "bedrock_customization_runtime.datasets.reading.parquet_process"
_CHUNK = 2**18
_LEAST_BYTES = 12
_FOOTER_BYTES = 8


def json_lines(chunks: Iterable[bytes], *, nulls: bool) -> Iterator[bytes]:
    """Yield a Parquet file's rows as JSON Lines, in pieces of any size.

    The file is first written to a temporary one, because its index is at its end.

    Args:
        chunks: The file's bytes.
        nulls: Whether empty values are written as null. Without it their fields are left out, which
            is what a record means by a column it does not use.

    Raises:
        DatasetRejected: The file is cut, broken, or grows beyond all measure.
    """
    with TemporaryFile() as file:
        file.writelines(chunks)
        _check_whole(file)
        file.seek(0)
        with subprocess.Popen(  # noqa: S603 - our own module
            # Not from the current folder, which is the user's.
            [sys.executable, "-P", "-m", _PROCESS, *(["--nulls"] if nulls else [])],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        ) as process:
            try:
                yield from _output(process)
            finally:
                # Whoever reads no further does not wait for the rest.
                process.kill()


def _output(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    given = rows = 0
    stdout: IO[bytes] = process.stdout  # type: ignore[assignment] # it is a pipe
    while piece := stdout.read(_CHUNK):
        given += len(piece)
        rows += piece.count(b"\n")
        if given > compression.MAXIMUM_BYTES:
            raise DatasetRejected(
                f"the Parquet file holds more than {compression.MAXIMUM_BYTES:,} bytes of text: "
                "split the file"
            )
        yield piece
    match process.wait():
        case 0:
            return
        case code if code == UNREADABLE:
            raise DatasetRejected(
                f"the Parquet data break after {rows:,} rows: write the file again, or convert it "
                "to JSON Lines"
            )
        case _:
            raise DatasetRejected(
                f"the Parquet data cannot be decoded after {rows:,} rows within the memory they "
                "may take: write the file with smaller pages and row groups, or convert it to "
                "JSON Lines"
            )


def _check_whole(file: IO[bytes]) -> None:
    size = file.tell()
    file.seek(max(0, size - _FOOTER_BYTES))
    if size < _LEAST_BYTES or not file.read().endswith(MAGIC):
        raise DatasetRejected(
            f"the Parquet file ends early, after {size:,} bytes: upload the whole file"
        )
