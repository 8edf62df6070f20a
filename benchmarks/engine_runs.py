"""What the benchmark of the data engine measures, each run in a process of its own.

`data_engine.py` calls `measure` and `memory_by_stage`, which run this file.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from corpora import write_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BASE_MODEL = "amazon.nova-micro-v1:0:128k"
CHUNK = 2**20


def measure(name: str, path: Path) -> tuple[float, float]:
    """Return processor seconds and megabytes of memory of one run in a process of its own."""
    command = [sys.executable, __file__, "--run", name, "--file", str(path)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, memory = json.loads(out)
    return seconds, memory


def memory_by_stage(path: Path) -> list[float]:
    """Return the peak of memory in MB up to the end of each stage of a preparation."""
    command = [sys.executable, __file__, "--file", str(path)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    stages: list[float] = json.loads(out)
    return stages


def chunks(path: Path) -> Iterator[bytes]:
    """Yield a file as a driver hands it over."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def parse_with_orjson(path: Path) -> None:
    """Parse every line, as a bound for what reads JSON."""
    import orjson  # noqa: PLC0415 - each process loads what it measures

    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)


def parse_with_msgspec(path: Path) -> None:
    """Parse every line without types."""
    import msgspec  # noqa: PLC0415

    decode = msgspec.json.Decoder().decode
    with path.open("rb") as file:
        for line in file:
            decode(line)


def validate(path: Path) -> None:
    """Check the rules of format and base model."""
    from bedrock_customization_runtime.datasets.examination import examine  # noqa: PLC0415

    with examine(chunks(path), _settings(), keep=False) as examined:
        if examined.rejected:
            raise SystemExit("the generator writes records that are not valid")


def prepare(path: Path, *, near_copies: bool = False) -> list[float]:
    """Make a data set: everything but the search for near-copies and leaks.

    Returns:
        Peak of memory in MB after each stage: first pass, split, writing.
    """
    from bedrock_customization_runtime.datasets.examination import examine  # noqa: PLC0415
    from bedrock_customization_runtime.datasets.preparation import divide  # noqa: PLC0415
    from bedrock_customization_runtime.datasets.splitting import Side  # noqa: PLC0415

    with (
        examine(chunks(path), _settings(near_copies=near_copies)) as examined,
        # Where the bytes are stored is not the engine's: the kernel takes longer over a
        # gigabyte of its cache than over its first megabytes.
        Path(os.devnull).open("wb", buffering=CHUNK) as out,
    ):
        peaks = [_peak()]
        prepared = divide(examined)
        peaks.append(_peak())
        for side in Side:
            out.writelines(prepared.lines(side))
        return [*peaks, _peak()]


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def prepare_with_near_copies(path: Path) -> None:
    """Make a data set with everything."""
    prepare(path, near_copies=True)


def near_copies_alone(path: Path) -> None:
    """Find near-copies and verify each."""
    found_in(path)


def _settings(*, near_copies: bool = True) -> object:
    from bedrock_customization_runtime import catalog  # noqa: PLC0415
    from bedrock_customization_runtime.datasets.settings import Settings  # noqa: PLC0415

    method = catalog.base_model(BASE_MODEL).methods[catalog.Method.FINE_TUNING]
    free = catalog.SetLimits()
    return Settings(
        base_model=BASE_MODEL,
        # As many records as the benchmark wants, not as the model takes.
        method=replace(method, train=free, total=free, validation=free),
        template=None,
        split={"validation": 0.1, "test": 0.1, "seed": 1},
        max_rejected=0.5,
        near_copies=near_copies,
    )


def _questions(path: Path) -> list[str]:
    import msgspec  # noqa: PLC0415

    decode = msgspec.json.Decoder().decode
    with path.open("rb") as file:
        return [decode(line)["messages"][0]["content"][0]["text"] for line in file]


def found_in(path: Path) -> list[int]:
    """Return for each record the first one whose question is nearly the same."""
    import numpy as np  # noqa: PLC0415

    from bedrock_customization_runtime.datasets.copies import near_copies  # noqa: PLC0415
    from bedrock_customization_runtime.datasets.copies.words import words_of  # noqa: PLC0415

    texts = _questions(path)
    parts = [words_of(texts[start : start + 128]) for start in range(0, len(texts), 128)]
    found = near_copies.joined(
        np.concatenate([near_copies.bands_of(part) for part in parts]),
        np.concatenate([part.keys() for part in parts]),
        lambda rows: words_of([texts[row] for row in rows]),
    )
    return [int(first) for first in found]


RUNS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "orjson": ("orjson: parse only", parse_with_orjson),
    "msgspec": ("msgspec: parse only", parse_with_msgspec),
    "validate": ("validate: every rule, every error", validate),
    "prepare": ("prepare without near-copies", prepare),
    "prepare_near": ("prepare with near-copies and leaks", prepare_with_near_copies),
    "near": ("near-copies alone", near_copies_alone),
}
OURS = ("validate", "prepare", "prepare_near")


def main() -> None:
    """Run one thing and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", choices=list(RUNS))
    parser.add_argument("--file", type=Path, required=True)
    given = parser.parse_args()
    if given.run is None:
        sys.stdout.write(json.dumps(prepare(given.file, near_copies=True)))
        return
    run = RUNS[given.run][1]
    with tempfile.TemporaryDirectory() as folder:
        # Imports are measured elsewhere.
        warm = Path(folder, "warm.jsonl")
        write_records(warm, 200)
        run(warm)
    began = time.process_time()
    run(given.file)
    sys.stdout.write(json.dumps([time.process_time() - began, _peak()]))


if __name__ == "__main__":
    main()
