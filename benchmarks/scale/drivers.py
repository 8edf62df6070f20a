"""The drivers of data preparation on this machine: the same source, the same bytes, time, memory.

uv run --group spark python benchmarks/scale/drivers.py --records 1000000 --driver spark

S3 is a folder behind HTTP on loopback. What is measured is a whole preparation, from the
plan to the manifest. Of no base model's limits the benchmark takes account: it is about size.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import PreparationPlan, PrepareDataInput, Run

sys.path.insert(0, str(Path(__file__).parents[1]))

from corpora import write_records

BASE_MODEL = "amazon.nova-micro-v1:0:128k"
BUCKET = "scale"
SHARD_BYTES = 64 * 2**20
MEMORY = 8 * 2**30


def write_short_records(path: Path, count: int, seed: int = 2) -> None:
    """Write prompts and completions of some 120 bytes; one in a hundred is there twice."""
    source = random.Random(seed)  # noqa: S311 - no secrets
    words = ["".join(source.choices("etaoinshrdlucm", k=6)) for _ in range(5000)]
    with path.open("w", encoding="utf-8") as file:
        for _ in range(count):
            prompt = " ".join(source.choices(words, k=9))
            line = f'{{"prompt":"{prompt}","completion":"{source.choice(words)} yes"}}\n'
            file.write(line * (2 if source.random() < 0.01 else 1))  # noqa: PLR2004


class Machine:
    """Looks at all processes below this one, twice a second."""

    def __init__(self, without: int) -> None:
        self._without = without
        self._done = threading.Event()
        self.peaks = {"driver": 0.0, "workers": 0.0, "worker": 0.0, "java": 0.0}
        self.cpu: dict[int, float] = {}

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._own = sum(psutil.Process().cpu_times()[:2])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._done.set()
        self._thread.join()
        self.cpu[0] = sum(psutil.Process().cpu_times()[:2]) - self._own

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._done.wait(0.5):
            workers: list[float] = []
            for one in me.children(recursive=True):
                try:
                    if one.pid == self._without:
                        continue
                    name, memory = one.name(), one.memory_info().rss / 2**20
                    self.cpu[one.pid] = sum(one.cpu_times()[:2])
                except psutil.Error:
                    continue
                if name == "java":
                    self.peaks["java"] = max(self.peaks["java"], memory)
                else:
                    workers.append(memory)
            self.peaks["driver"] = max(self.peaks["driver"], me.memory_info().rss / 2**20)
            self.peaks["workers"] = max(self.peaks["workers"], sum(workers))
            self.peaks["worker"] = max([self.peaks["worker"], *workers])


@contextmanager
def s3_on_loopback() -> Iterator[int]:
    """Start S3 on a folder, let clients find it, and yield its process id."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, str(Path(__file__).with_name("folder_s3.py")), folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None  # noqa: S101 - PIPE
            os.environ |= {
                "AWS_ENDPOINT_URL": server.stdout.readline().strip(),
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "us-east-1",
                # Of TCP's checksums there is one already.
                "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
                "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
            }
            try:
                yield server.pid
            finally:
                server.terminate()


def one_function(s3: S3Client, event: PrepareDataInput) -> dict[str, float]:
    """Prepare as one function does."""
    from bedrock_customization_runtime.preparation import prepare  # noqa: PLC0415

    prepare(s3, event)
    return {}


def many_functions(s3: S3Client, event: PrepareDataInput) -> dict[str, float]:
    """Prepare as many functions do, one after the other; return each step's processor seconds."""
    from bedrock_customization_runtime.contract import PreparationStep as Step  # noqa: PLC0415
    from bedrock_customization_runtime.sharded_preparation import steps  # noqa: PLC0415

    plan = _plan(s3, event)
    seconds: dict[str, float] = {}

    def take(step: Step, numbers: Iterable[int | None] = (None,)) -> Any:  # noqa: ANN401 - each its own
        began, found = time.process_time(), None
        for number in numbers:
            told: Any = {"step": step, "scratch": plan["scratch"], "number": number}
            found = steps.take(s3, told, memory=MEMORY)
        seconds[step] = round(time.process_time() - began, 2)
        return found

    shards = range(plan["shards"])
    take(Step.EXAMINE_SHARD, shards)
    gathered = take(Step.GATHER)
    take(Step.SIGN_SHARD, shards)
    take(Step.COMPARE_BUCKET, range(gathered["buckets"]))
    take(Step.DECIDE)
    take(Step.DIVIDE_SHARD, shards)
    take(Step.FINISH)
    return seconds


def spark(s3: S3Client, event: PrepareDataInput) -> dict[str, float]:
    """Prepare as Spark does, in local mode."""
    from bedrock_customization_local.local_spark import spark_context  # noqa: PLC0415
    from bedrock_customization_runtime.spark_preparation import driving  # noqa: PLC0415

    plan = _plan(s3, event, spark_above_bytes=0)
    with spark_context(settings={"spark.driver.memory": "1g"}) as context:
        driving.prepare(context, s3, plan["scratch"], memory=MEMORY)
    return {}


DRIVERS: dict[str, Callable[[S3Client, PrepareDataInput], dict[str, float]]] = {
    "one": one_function,
    "many": many_functions,
    "spark": spark,
}


def _plan(s3: S3Client, event: PrepareDataInput, **limits: int) -> PreparationPlan:
    from bedrock_customization_runtime.sharded_preparation import planning  # noqa: PLC0415

    sharding: Any = {"shard_bytes": SHARD_BYTES, "above_bytes": 0, **limits}
    return planning.plan(s3, {"step": "plan", "preparation": event, "sharding": sharding})  # type: ignore[typeddict-item]


def measure(driver: str, source: Path) -> dict[str, Any]:
    """Prepare a file by a driver; return seconds, memory in MB, and digests of what it left."""
    with s3_on_loopback() as server:
        _without_limits()
        from bedrock_customization_runtime import aws  # noqa: PLC0415

        s3 = aws.s3()
        with source.open("rb") as file:
            _upload(s3, file)
        event = _event(s3)
        began = time.monotonic()
        with Machine(without=server) as machine:
            steps = DRIVERS[driver](s3, event)
        wall = time.monotonic() - began
        body = s3.get_object(Bucket=BUCKET, Key="artifacts/runs/run/manifest.json")["Body"].read()
        section = json.loads(body)["preparation"]
        report = s3.get_object(Bucket=BUCKET, Key="artifacts/runs/run/preparation/report.json")
    return {
        "driver": driver,
        "bytes": source.stat().st_size,
        "read": section["read"],
        "wall_seconds": round(wall, 1),
        "processor_seconds": round(sum(machine.cpu.values()), 1),
        "steps": steps,
        "memory_mb": {name: round(peak) for name, peak in machine.peaks.items()},
        "digests": {
            **{side: section[side]["sha256"] for side in ("train", "validation", "test")},
            "report": _sha256(report["Body"].read()),
        },
    }


def _sha256(body: bytes) -> str:
    from hashlib import sha256  # noqa: PLC0415

    return sha256(body).hexdigest()


def _upload(s3: S3Client, file: BinaryIO) -> None:
    from boto3.s3.transfer import TransferConfig, create_transfer_manager  # noqa: PLC0415

    with create_transfer_manager(s3, TransferConfig(use_threads=False)) as transfers:
        transfers.upload(file, BUCKET, "incoming/rows.jsonl").result()


def _event(s3: S3Client) -> PrepareDataInput:
    from bedrock_customization_runtime import manifest  # noqa: PLC0415

    place = f"s3://{BUCKET}"
    run: Run = {
        "id": "run",
        "key": "run",
        "execution_arn": "arn:aws:states:us-east-1:123456789012:execution:scale:run",
        "source": f"{place}/incoming/rows.jsonl",
        "data": f"{place}/data/runs/run",
        "blind": f"{place}/blind/runs/run",
        "artifacts": f"{place}/artifacts/runs/run",
        "manifest": f"{place}/artifacts/runs/run/manifest.json",
        "names": {"deployment": "run"},
        "tokens": {"deployment": "run"},
        "hyperparameters": {},
    }
    section = manifest.RunSection(
        id="run",
        kind="customization",
        execution_arn=run["execution_arn"],
        source=run["source"],
        base_model=BASE_MODEL,
        inference_model=BASE_MODEL,
        catalog_version="",
        library_version="",
        started="2026-01-01T00:00:00Z",
        embedded=True,
    )
    manifest.begin(s3, run["manifest"], section)
    return {
        "run": run,
        "base_model": BASE_MODEL,
        "method": "FINE_TUNING",
        "split": {"validation": 0.1, "test": 0.1, "seed": 1},
        "max_rejected": 0.5,
    }


def _without_limits() -> None:
    from bedrock_customization_runtime import catalog, preparation  # noqa: PLC0415

    free, method_of = catalog.SetLimits(), preparation.method_of
    preparation.method_of = lambda model, method: replace(
        method_of(model, method), train=free, total=free, validation=free
    )


def main() -> None:
    """Measure one driver on one source and print what was found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--driver", choices=DRIVERS, required=True)
    parser.add_argument("--short", action="store_true", help="records of 120 bytes, not 1.6 KB")
    parser.add_argument("--file", type=Path, help="where the source is, or is written to")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = given.file or Path(folder, "rows.jsonl")
        if not path.exists():
            (write_short_records if given.short else write_records)(path, given.records)
        print(json.dumps({"short": given.short, **measure(given.driver, path)}))


if __name__ == "__main__":
    main()
