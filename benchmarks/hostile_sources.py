"""What the command `validate` does with sources made to exhaust memory; `data_engine.py` calls it.

The sources are made piece by piece and read from standard input: none is ever on a disk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zlib
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING

from engine_runs import BASE_MODEL, chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_MEGABYTES = 256
_MEGABYTE = 2**20


def sources(records: Path) -> dict[str, Callable[[], Iterator[bytes]]]:
    """Return what makes each source, by its name.

    Args:
        records: A file of sound records, which are repeated.
    """
    times = -(-5 * 10**9 // records.stat().st_size)
    with records.open("rb") as file:
        sound = next(file)
    return {
        f"{times * records.stat().st_size / 1e9:.1f} GB of lines": lambda: (
            chunk for _ in range(times) for chunk in chunks(records)
        ),
        "a line of 1 GB": lambda: chain(
            [sound, b'{"messages":"'], repeat(b"x" * _MEGABYTE, 1024), [b'"}\n']
        ),
        "arrays in arrays, a million deep": lambda: iter([sound, b"[" * (_MEGABYTE - 1), b"\n"]),
        "gzip of 1 GB of one letter": _bomb,
    }


def section(records: Path) -> list[str]:
    """Return the section of the page."""
    rows = []
    for name, source in sources(records).items():
        megabytes, seconds, peak, verdict = validated(source())
        holds = "yes" if peak <= MOST_MEGABYTES else "no"
        rows.append(
            f"| {name} | {megabytes:,.0f} | {seconds:,.1f} | {peak:,.0f} | {holds} | {verdict} |"
        )
    return [
        "## Hostile sources",
        "",
        (
            "`bedrock-customization validate -` in a process of its own, with its start; a source "
            "that is refused early is not read to its end. A line is held up to 1 MiB."
        ),
        "",
        (
            "| source | MB written to it | processor seconds | peak of memory in MB | "
            f"at most {MOST_MEGABYTES} | verdict |"
        ),
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
    ]


def validated(source: Iterator[bytes]) -> tuple[float, float, float, str]:
    """Return megabytes handed over, processor seconds, megabytes of memory, and the verdict."""
    command = Path(sys.executable).with_name("bedrock-customization")
    sent = 0
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [command, "validate", "-", "--base-model", BASE_MODEL, "--format", "json"],
            stdin=subprocess.PIPE,
            stdout=out,
            pipesize=_MEGABYTE,
        )
        assert process.stdin is not None  # noqa: S101 - it was asked for
        # A source that is refused is not read further.
        with suppress(BrokenPipeError), process.stdin as pipe:
            for piece in source:
                pipe.write(piece)
                sent += len(piece)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        verdict = _verdict(json.loads(out.read()))
    return sent / 1e6, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, verdict


def _verdict(found: dict[str, list[dict[str, object]]]) -> str:
    rules = [f"{finding['count']:,} {finding['rule']}" for finding in found["findings"]]
    return "; ".join([f"{found['accepted']:,} accepted", *rules, *map(str, found["refusals"])])


def _bomb() -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    for _ in range(1000):
        yield packer.compress(b"a" * 10**6)
    yield packer.flush()


def main() -> None:
    """Write the section for a file of records."""
    sys.stdout.write("\n".join(section(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
