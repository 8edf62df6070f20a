"""How fast the data engine is, beside parsers alone and beside peers: `uv run --group benchmarks python benchmarks/data_engine.py`.

All run in turn in processes of their own, on the same seeded file, so that the ratios of the medians
hold on a busy machine too. Writes docs/data-engine-benchmarks.md.
"""  # noqa: E501 - a command is copied whole

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "data-engine-benchmarks.md"
BASE_MODEL = "amazon.nova-micro-v1:0:128k"
CHUNK = 2**20
NEAR_COPIES = 0.02
PERSONAL = 0.01
SIMILARITIES = (0.95, 0.85, 0.75)
PAIRS = 200


def write_records(path: Path, count: int, seed: int = 1) -> None:
    """Write Converse records of 1.6 KB: a system prompt, a question of 150 words, an answer of 70.

    One in fifty is a near-copy of an earlier one, one in a hundred holds an e-mail address.
    """
    source = random.Random(seed)  # noqa: S311 - no secrets
    words = [
        "".join(source.choices("etaoinshrdlucmfwypvbgk", k=source.randint(2, 9)))
        for _ in range(20_000)
    ]
    questions: list[list[str]] = []
    with path.open("w", encoding="utf-8") as file:
        for _ in range(count):
            question = source.choices(words, k=150)
            if questions and source.random() < NEAR_COPIES:
                question = [*source.choice(questions)]
                question[source.randrange(150)] = "changed"
            if len(questions) < 1000:  # noqa: PLR2004 - enough to copy from
                questions.append(question)
            answer = source.choices(words, k=70)
            if source.random() < PERSONAL:
                answer.append("jo@example.org")
            record = {
                "schemaVersion": "bedrock-conversation-2024",
                "system": [{"text": "You are a helpful assistant."}],
                "messages": [
                    {"role": "user", "content": [{"text": " ".join(question)}]},
                    {"role": "assistant", "content": [{"text": " ".join(answer)}]},
                ],
            }
            file.write(json.dumps(record) + "\n")


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


def prepare(path: Path, *, near_copies: bool = False) -> None:
    """Make a data set: everything but the search for near-copies and leaks."""
    from bedrock_customization_runtime.datasets.examination import examine  # noqa: PLC0415
    from bedrock_customization_runtime.datasets.preparation import divide  # noqa: PLC0415
    from bedrock_customization_runtime.datasets.splitting import Side  # noqa: PLC0415

    with (
        examine(chunks(path), _settings(near_copies=near_copies)) as examined,
        tempfile.TemporaryFile(buffering=CHUNK) as out,
    ):
        prepared = divide(examined)
        for side in Side:
            out.writelines(prepared.lines(side))


def prepare_with_near_copies(path: Path) -> None:
    """Make a data set with everything."""
    prepare(path, near_copies=True)


def near_copies_alone(path: Path) -> None:
    """Find near-copies and verify each."""
    from bedrock_customization_runtime.datasets import near_copies  # noqa: PLC0415
    from bedrock_customization_runtime.datasets.words import words_of  # noqa: PLC0415

    texts = _questions(path)
    parts = [words_of(texts[start : start + 256]) for start in range(0, len(texts), 256)]
    _joined(near_copies, parts, texts)


def datasketch_alone(path: Path) -> None:
    """Find candidates with datasketch."""
    from datasketch import MinHash, MinHashLSH  # noqa: PLC0415

    index = MinHashLSH(threshold=0.7, num_perm=128)
    for number, text in enumerate(_questions(path)):
        signature = MinHash(num_perm=128)
        signature.update_batch([shingle.encode() for shingle in _shingles(text)])
        index.query(signature)
        index.insert(number, signature)


def rensa_alone(path: Path) -> None:
    """Find candidates with rensa."""
    from rensa import RMinHash, RMinHashLSH  # noqa: PLC0415

    index = RMinHashLSH(threshold=0.7, num_perm=128, num_bands=16)
    for number, text in enumerate(_questions(path)):
        signature = RMinHash(num_perm=128, seed=1)
        signature.update(list(_shingles(text)))
        index.query(signature)
        index.insert(number, signature)


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
        maximum_rejected=0.5,
        near_copies=near_copies,
    )


def _questions(path: Path) -> list[str]:
    import msgspec  # noqa: PLC0415

    decode = msgspec.json.Decoder().decode
    with path.open("rb") as file:
        return [decode(line)["messages"][0]["content"][0]["text"] for line in file]


def _shingles(text: str) -> set[str]:
    words = text.lower().split()
    return {" ".join(words[start : start + 5]) for start in range(len(words) - 4)}


def _joined(near_copies: object, parts: list, texts: list[str]) -> list[int]:
    import numpy as np  # noqa: PLC0415

    from bedrock_customization_runtime.datasets.words import words_of  # noqa: PLC0415

    return near_copies.joined(
        np.concatenate([near_copies.bands_of(part) for part in parts]),
        np.concatenate([part.keys() for part in parts]),
        lambda rows: words_of([texts[row] for row in rows]),
    ).tolist()


RUNS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "orjson": ("orjson: parse only", parse_with_orjson),
    "msgspec": ("msgspec: parse only", parse_with_msgspec),
    "validate": ("validate: every rule, every error", validate),
    "prepare": ("prepare without near-copies", prepare),
    "prepare_near": ("prepare with near-copies and leaks", prepare_with_near_copies),
    "near": ("near-copies alone", near_copies_alone),
    "rensa": ("rensa: MinHash and LSH", rensa_alone),
    "datasketch": ("datasketch: MinHash and LSH", datasketch_alone),
}
SLOW = {"rensa", "datasketch", "near"}
"""Of which a tenth of the file is enough."""


def measure(name: str, path: Path) -> tuple[float, float]:
    """Return processor seconds and megabytes of memory of one run in a process of its own."""
    command = [sys.executable, __file__, "--run", name, "--file", str(path)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, memory = json.loads(out)
    return seconds, memory


def recall() -> list[tuple[float, int, int]]:
    """Return for each similarity how many pairs there were and how many were found together."""
    from bedrock_customization_runtime.datasets import near_copies  # noqa: PLC0415
    from bedrock_customization_runtime.datasets.words import words_of  # noqa: PLC0415

    source = random.Random(3)  # noqa: S311 - no secrets
    rows = []
    for similarity in SIMILARITIES:
        texts = []
        for _ in range(PAIRS):
            words = ["".join(source.choices("etaoinshrdlu", k=6)) for _ in range(400)]
            # One changed word takes five shingles of each side.
            changes = round(396 * (1 - similarity) / (1 + similarity) / 5)
            other = [*words]
            for place in range(7, 7 + 400 // max(1, changes) * changes, 400 // max(1, changes)):
                other[place % 400] = "changed"
            texts += [" ".join(words), " ".join(other)]
        first = _joined(near_copies, [words_of(texts)], texts)
        rows.append((similarity, PAIRS, sum(first[1::2][n] == 2 * n for n in range(PAIRS))))
    return rows


def cold_start() -> float:
    """Return the seconds that a data function's imports and its S3 client take."""
    code = (
        "import time; began = time.perf_counter()\n"
        "from bedrock_customization_runtime.handlers import prepare_data\n"
        "from bedrock_customization_runtime import aws\n"
        "aws.s3(); print(time.perf_counter() - began)"
    )
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test"}
    environment["AWS_SECRET_ACCESS_KEY"] = "test"  # noqa: S105 - no secret
    return median(
        float(
            subprocess.run(
                [sys.executable, "-c", code],
                check=True,
                capture_output=True,
                text=True,
                env=environment,
            ).stdout
        )
        for _ in range(5)
    )


def benchmark(records: int, rounds: int) -> str:
    """Run everything and return the page."""
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder, "large.jsonl"), Path(folder, "small.jsonl")
        write_records(large, records)
        write_records(small, records // 10)
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in RUNS}
        for _ in range(rounds):
            for name in RUNS:
                path = small if name in SLOW else large
                seconds, memory = measure(name, path)
                figures[name].append((path.stat().st_size / 1e6 / seconds, memory))
        scaling = [measure(name, small) for name in ("validate", "prepare", "prepare_near")]
        small_size = small.stat().st_size / 1e6
    speed = {name: median(rate for rate, _ in rows) for name, rows in figures.items()}
    memory = {name: max(used for _, used in rows) for name, rows in figures.items()}
    lines = [
        "# How fast the data engine is",
        "",
        (
            f"Made by `benchmarks/data_engine.py`: {records:,} Converse records of 1.6 KB, medians "
            f"of {rounds} runs in turn, processor time of one core, Python "
            f"{platform.python_version()}. Megabytes a second depend on the machine and its load; "
            "the ratios carry over."
        ),
        "",
        "| what | MB/s | of orjson alone | memory in MB |",
        "| --- | --- | --- | --- |",
    ]
    for name, (label, _) in RUNS.items():
        ratio = speed[name] / speed["orjson"]
        lines.append(f"| {label} | {speed[name]:,.0f} | {ratio:.2f} | {memory[name]:,.0f} |")
    lines += [
        "",
        (
            "Near-copies and the two peers read a tenth of the records. Beside datasketch the "
            f"engine is {speed['near'] / speed['datasketch']:.1f} times as fast, beside rensa "
            f"{speed['near'] / speed['rensa']:.1f} times; the peers stop at candidates, the engine "
            "verifies each."
        ),
        "",
        "| Jaccard similarity | pairs | found |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {similarity} | {pairs} | {found} |" for similarity, pairs, found in recall()]
    names = ("validate", "prepare", "prepare_near")
    lines += ["", "| a tenth of the records | MB/s |", "| --- | --- |"]
    lines += [
        f"| {RUNS[name][0]} | {small_size / seconds:,.0f} |"
        for name, (seconds, _) in zip(names, scaling, strict=True)
    ]
    lines += ["", f"Cold start with the S3 client: {cold_start() * 1000:.0f} ms.", ""]
    return "\n".join(lines)


def main() -> None:
    """Run one thing, or everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--run", choices=list(RUNS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        with tempfile.TemporaryDirectory() as folder:
            # Imports are measured elsewhere.
            warm = Path(folder, "warm.jsonl")
            write_records(warm, 200)
            RUNS[given.run][1](warm)
        began = time.process_time()
        RUNS[given.run][1](given.file)
        seconds = time.process_time() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sys.stdout.write(json.dumps([seconds, memory]))
        return
    page = benchmark(given.records, given.rounds)
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
