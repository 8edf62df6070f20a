"""The process that decodes Parquet: a file as its input, JSON Lines as its output."""

from __future__ import annotations

import sys

import arro3.io

from bedrock_customization_runtime.datasets.reading.parquet import UNREADABLE

_MEMORY = 256 * 2**20
"""Bytes of data; the code of libraries and mere reservations of address space do not count."""
_ROWS = 128
"""Decoded at a time."""


def main() -> None:
    """Decode until the end of the file; whoever reads the output may stop at any time."""
    _limit_memory()
    try:
        with open(0, "rb", closefd=False) as file:
            rows = arro3.io.read_parquet(file, batch_size=_ROWS)
            arro3.io.write_ndjson(rows, sys.stdout.buffer, explicit_nulls="--nulls" in sys.argv)
        sys.stdout.buffer.flush()
    except MemoryError:
        sys.exit(1)
    except BaseException:  # noqa: BLE001 - a panic of native code is no Exception
        sys.exit(UNREADABLE)


def _limit_memory() -> None:
    try:
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    except (ImportError, ValueError, OSError):
        # Not every system can; then only the process itself is at risk.
        return


if __name__ == "__main__":
    main()
