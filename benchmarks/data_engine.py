"""How fast the data engine is, beside parsers alone and beside peers: `uv run --group benchmarks python benchmarks/data_engine.py`.

All run in turn in processes of their own, on the same seeded file, so that the ratios of the medians
hold on a busy machine too. Writes docs/data-engine-benchmarks.md.
"""  # noqa: E501 - a command is copied whole

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from corpora import PAIRS, SIMILARITIES, write_pairs, write_records
from engine_runs import BASE_MODEL, OURS, RUNS, found_in, measure, memory_by_stage
from hostile_sources import section as hostile_section

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "data-engine-benchmarks.md"
CREDENTIALS = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
"""Of nobody: clients are made, and none calls."""


@dataclass(frozen=True)
class Peer:
    """Another tool, which a tenth of the file is enough for."""

    label: str
    requirements: tuple[str, ...] = ()
    """What it needs in an environment of its own; none where it is in the group `benchmarks`."""
    python: str = ""
    """Version, where it does not run on ours."""


VALIDATORS = {
    "nova_forge": Peer("Nova Forge SDK 1.4.10", ("amzn-nova-forge==1.4.10",), "3.13"),
    "jsonschema": Peer("a JSON Schema per record, as AWS's samples for Llama validate"),
}
# datatrove brings spaCy, text-dedup ONNX and pandas: too much to lock beside the engine.
SEARCHERS = {
    "rensa": Peer("rensa"),
    "datasketch": Peer("datasketch, as its README shows it"),
    "datasketch_batch": Peer("datasketch, in batches"),
    "text_dedup": Peer("text-dedup 0.4.0", ("text-dedup==0.4.0",), "3.11"),
    "datatrove": Peer(
        "datatrove 0.10.1",
        ("datatrove==0.10.1", "orjson", "spacy", "tokenizers", "xxhash<3.6"),
        "3.11",
    ),
}
PEERS = VALIDATORS | SEARCHERS


def measure_peer(name: str, path: Path) -> tuple[float, float, list[int]]:
    """Return a peer's processor seconds and megabytes, and the records it keeps."""
    peer = PEERS[name]
    command = [sys.executable]
    if peer.requirements:
        command = ["uv", "run", "--no-project", "--python", peer.python]
        command += [f"--with={requirement}" for requirement in peer.requirements]
        command += ["python"]
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        subprocess.run(
            [*command, str(ROOT / "benchmarks" / "peers.py"), name, str(path), str(result)],
            check=True,
            capture_output=True,
            env=os.environ | CREDENTIALS,
        )
        found = json.loads(result.read_bytes())
    return found["seconds"], found["memory"], found["kept"]


def recalls(folder: Path) -> dict[str, list[int]]:
    """Return for the engine and each peer how many pairs of each similarity it finds."""
    path = folder / "pairs.jsonl"
    similarities = write_pairs(path)
    kept = {"near": [row for row, first in enumerate(found_in(path)) if row == first]}
    kept |= {name: measure_peer(name, path)[2] for name in SEARCHERS}
    return {
        name: [
            sum(
                similarities[pair] == similarity and not {2 * pair, 2 * pair + 1} <= set(rows)
                for pair in range(len(similarities))
            )
            for similarity in SIMILARITIES
        ]
        for name, rows in kept.items()
    }


def cold_start() -> float:
    """Return the processor seconds that a data function takes up to its first record."""
    code = (
        "import time; began = time.process_time()\n"
        "from bedrock_customization_runtime.handlers import prepare_data\n"
        "from bedrock_customization_runtime import aws\n"
        "from bedrock_customization_runtime.datasets.record_formats.plain import PlainLines\n"
        "from bedrock_customization_runtime.datasets.checking.privacy import Privacy, Screen\n"
        "from bedrock_customization_runtime import catalog\n"
        f"model = catalog.base_model({BASE_MODEL!r})\n"
        "PlainLines(model.methods[catalog.Method.FINE_TUNING]); Screen(Privacy.FLAG)\n"
        "aws.s3(); print(time.process_time() - began)"
    )
    return median(
        float(
            subprocess.run(
                [sys.executable, "-c", code],
                check=True,
                capture_output=True,
                text=True,
                env=CREDENTIALS,
            ).stdout
        )
        for _ in range(5)
    )


def benchmark(records: int, rounds: int) -> str:
    """Run everything and return the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {count: folder / f"{count}.jsonl" for count in (records // 10, records)}
        for count, path in files.items():
            write_records(path, count)
        small, large = files.values()
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in (*RUNS, *PEERS)}
        for _ in range(rounds):
            for run in RUNS:
                figures[run].append(_rate(large, measure(run, large)))
            for peer in PEERS:
                figures[peer].append(_rate(small, measure_peer(peer, small)[:2]))
        speed = {name: median(rate for rate, _ in rows) for name, rows in figures.items()}
        memory = {name: max(used for _, used in rows) for name, rows in figures.items()}
        found = recalls(folder)
        # The largest last, and once: it takes as long as all the rest.
        files[records * 10] = folder / "huge.jsonl"
        write_records(files[records * 10], records * 10)
        scaling = {
            count: {
                run: min(measure(run, path) for _ in range(1 if count > records else rounds))
                for run in OURS
            }
            for count, path in files.items()
        }
        stages = {count: memory_by_stage(path) for count, path in files.items()}
        hostile = hostile_section(large)
    started = cold_start() * 1000
    return "\n".join(
        [
            *_speed_section(records, rounds, speed, memory),
            *_peers_section(speed, memory, found),
            *_scaling_section(scaling, records),
            *_memory_section(stages),
            *hostile,
            *_targets_section(speed, found, scaling[records * 10], started, records),
            "",
        ]
    )


def _rate(path: Path, measured: tuple[float, float]) -> tuple[float, float]:
    seconds, memory = measured
    return path.stat().st_size / 1e6 / seconds, memory


def _table(*rows: tuple[object, ...]) -> list[str]:
    head, *body = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return ["", head, "|" + " --- |" * len(rows[0]), *body, ""]


def _speed_section(
    records: int, rounds: int, speed: dict[str, float], memory: dict[str, float]
) -> list[str]:
    return [
        "# How fast the data engine is",
        "",
        (
            f"Made by `benchmarks/data_engine.py`: {records:,} Converse records of 1.6 KB, medians "
            f"(rounds: {rounds}) of processor time of one core, Python "
            f"{platform.python_version()}. Megabytes a second depend on the machine and its load; "
            "the ratios carry over."
        ),
        *_table(
            ("what", "MB/s", "of orjson alone", "memory in MB"),
            *(
                (label, f"{speed[name]:,.0f}", f"{speed[name] / speed['orjson']:.2f}",
                 f"{memory[name]:,.0f}")
                for name, (label, _) in RUNS.items()
            ),
        ),
    ]  # fmt: skip


def _peers_section(
    speed: dict[str, float], memory: dict[str, float], found: dict[str, list[int]]
) -> list[str]:
    def row(name: str, label: str, *baselines: str) -> tuple[str, ...]:
        times = (f"{speed[one] / speed[name]:,.1f}" for one in baselines)
        return (label, f"{speed[name]:,.1f}", f"{memory[name]:,.0f}", *times)

    return [
        "## Beside other tools",
        "",
        (
            "They read a tenth of the records, in the same rounds, after a few records to warm up; "
            "imports are not measured. Each runs in one process. Validators "
            "check the same Converse records; the schema is ours, because the samples are not "
            "published as a package: it stands for their way, not for their rules."
        ),
        *_table(
            ("validator", "MB/s", "memory in MB", "the engine is so many times as fast"),
            *(row(name, peer.label, "validate") for name, peer in VALIDATORS.items()),
        ),
        (
            "Near-copies by MinHash of runs of five words. The others stop at candidates, the "
            "engine compares each exactly; with everything means the whole preparation: every "
            "rule, cleaning, privacy, split, leaks, writing."
        ),
        *_table(
            ("search", "MB/s", "memory in MB", "times as fast", "times as fast, with everything"),
            *(row(name, peer.label, "near", "prepare_near") for name, peer in SEARCHERS.items()),
        ),
        f"Pairs found, of {PAIRS} each, by their Jaccard similarity:",
        *_table(
            ("search", *SIMILARITIES),
            ("the engine", *found["near"]),
            *((peer.label, *found[name]) for name, peer in SEARCHERS.items()),
        ),
    ]


def _scaling_section(scaling: dict[int, dict[str, tuple[float, float]]], records: int) -> list[str]:
    rows = [
        (
            f"{count:,}",
            *(
                f"{seconds / count * 1e6:.1f} µs "
                f"({seconds / count / (scaling[records][run][0] / records):.2f}), {memory:,.0f} MB"
                for run, (seconds, memory) in runs.items()
            ),
        )
        for count, runs in scaling.items()
    ]
    return [
        "## From ten thousand records to a million",
        "",
        f"Best run: processor time a record (beside that of {records:,}) and peak of memory.",
        *_table(("records", *(RUNS[run][0] for run in OURS)), *rows),
    ]


def _memory_section(stages: dict[int, list[float]]) -> list[str]:
    return [
        "Peak of memory in MB up to the end of each stage, with near-copies and leaks:",
        *_table(
            ("records", "first pass", "split", "writing"),
            *((f"{count:,}", *(f"{used:,.0f}" for used in some)) for count, some in stages.items()),
        ),
    ]


def _targets_section(
    speed: dict[str, float],
    found: dict[str, list[int]],
    largest: dict[str, tuple[float, float]],
    started: float,
    records: int,
) -> list[str]:
    best = [max(found[name][place] for name in SEARCHERS) for place in range(len(SIMILARITIES))]
    share = speed["validate"] / speed["orjson"]
    targets = [
        ("validate, MB/s", 300, speed["validate"]),
        ("validate, of orjson alone", 0.5, share),
        ("validate, times Nova Forge", 15, speed["validate"] / speed["nova_forge"]),
        ("prepare without near-copies, MB/s", 140, speed["prepare"]),
        ("prepare with near-copies and leaks, MB/s", 60, speed["prepare_near"]),
        *(
            (f"the same, times {SEARCHERS[name].label}", 15, speed["prepare_near"] / speed[name])
            for name in ("datasketch", "datasketch_batch")
        ),
        ("the same, times datatrove", 70, speed["prepare_near"] / speed["datatrove"]),
        *(
            (f"pairs found at {similarity}, of {PAIRS}", max(least * PAIRS, other), mine)
            for similarity, least, other, mine in zip(
                SIMILARITIES, (0.99, 0.97, 0), best, found["near"], strict=True
            )
        ),
    ]
    limits = [
        (f"memory of validating {records * 10:,} records, MB", 256, largest["validate"][1]),
        ("cold start, imports to first record with the S3 client, ms of a processor", 400, started),
    ]
    return [
        "## Targets",
        *_table(
            ("what", "target", "measured", "holds"),
            *(
                (what, f"at least {bar:g}", f"{value:.3g}", "yes" if value >= bar else "no")
                for what, bar, value in targets
            ),
            *(
                (what, f"at most {bar:g}", f"{value:.3g}", "yes" if value <= bar else "no")
                for what, bar, value in limits
            ),
        ),
    ]


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    page = benchmark(given.records, given.rounds)
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
