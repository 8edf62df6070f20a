"""How fast models are staged, and what a kill costs: `uv run python benchmarks/model_staging.py`.

From the loopback hub to the embedded S3, beside `curl | aws s3 cp` of the same file to the same S3,
in turn, so that the ratio of the medians holds on a busy machine too; then a model whose worker is
killed at random moments. Writes docs/model-staging.md; with --kill or --speed, prints that section.
Needs Linux, curl and the AWS CLI.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import platform
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Self

import botocore.session
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.model_instances import reset_model_data
from moto.s3.models import FakeKey, s3_backends
from staging_worker import peak_megabytes

from bedrock_customization_local.cloud import moto_server
from bedrock_customization_local.cloud.hub import Host, Hub
from bedrock_customization_runtime.model_import import plan, uploads
from bedrock_customization_runtime.model_import.sources.hub import HubRepository
from bedrock_customization_runtime.model_import.sources.hub_requests import HubRequests
from bedrock_customization_runtime.s3.objects import S3Uri

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import HubSource
    from bedrock_customization_runtime.model_import.plan import StagingPlan

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "model-staging.md"
MEBIBYTE = 2**20
PART, BATCH = 16 * MEBIBYTE, 1024 * MEBIBYTE
"""As `StagingLimits` has them."""
WORKER_MEMORY, LEAST_RATIO = 256, 0.8
REPO, BUCKET, SEED = "owner/model", "data", 7
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    # In memory: what a disk does in between is not ours.
    "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(2**40),
}


@dataclass(frozen=True, slots=True)
class Import:
    """One that has begun."""

    scratch: str
    plan: StagingPlan

    @property
    def calls(self) -> list[str]:
        """All that a worker has to do."""
        return [
            *(f"{self.scratch} stage {number}" for number in range(len(self.plan.batches))),
            *(f"{self.scratch} finish-file {number}" for number in range(len(self.plan.files))),
        ]


class Place:
    """A hub with one model and an empty S3, both on loopback.

    Args:
        sizes: Bytes of each file.
    """

    def __init__(self, sizes: list[int]) -> None:
        os.environ.update(ENVIRONMENT)
        self._folder = Path(tempfile.mkdtemp())
        self.digests = {
            f"model-{number:05}.safetensors": _write(
                self._folder / f"model-{number:05}.safetensors", size, seed=number
            )
            for number, size in enumerate(sizes)
        }
        _answer_ranges_without_copies()
        self._server = moto_server.start()
        self.url = self._server.url
        os.environ["AWS_ENDPOINT_URL"] = self.url
        self.s3: S3Client = botocore.session.Session().create_client("s3")
        self.hub = Hub()
        self.hub.publish(REPO, self._folder)

    def __enter__(self) -> Self:
        """Return the place."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take everything away."""
        self.hub.close()
        self._server.close()
        _empty_s3()
        shutil.rmtree(self._folder)

    @property
    def requested(self) -> int:
        """Bytes that the hub's other host was asked for."""
        ranges = [
            request.headers["range"].removeprefix("bytes=").split("-")
            for request in self.hub.requests
            if request.host is Host.CDN and "range" in request.headers
        ]
        return sum(int(last) - int(first) + 1 for first, last in ranges)

    def begin(self) -> Import:
        """Empty S3 and begin an import."""
        _empty_s3()
        self.s3.create_bucket(Bucket=BUCKET)
        source: HubSource = {
            "kind": "hub",
            "endpoint": self.hub.url,
            "repo": REPO,
            "revision": "main",
        }
        pinned = HubRepository.look(HubRequests(self.hub.url), source).pinned
        scratch = plan.ImportScratch(self.s3, plan.scratch_in(BUCKET, "run"))
        made = plan.StagingPlan(
            source=plan.source_of(source),
            pinned=pinned,
            model=scratch.model,
            files=[
                plan.StagedFile(
                    file=file,
                    part_bytes=PART,
                    upload_id=uploads.begin(self.s3, S3Uri.parse(f"{scratch.model}{file.name}")),
                )
                for file in pinned.files
            ],
            batch_bytes=BATCH,
        )
        scratch.write(made)
        return Import(scratch.uri, made)

    def check(self, begun: Import) -> None:
        """Check that S3 holds the model's bytes, and nothing half done.

        Raises:
            SystemExit: It does not.
        """
        for staged in begun.plan.files:
            where = begun.plan.uri_of(staged)
            digest = hashlib.sha256()
            body = self.s3.get_object(Bucket=where.bucket, Key=where.key)["Body"]
            for chunk in body.iter_chunks(MEBIBYTE):
                digest.update(chunk)
            if digest.hexdigest() != self.digests[staged.file.name]:
                raise SystemExit(f"the copy of {staged.file.name} has other bytes")
        if self.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads"):
            raise SystemExit("an upload was left open")


def _empty_s3() -> None:
    """Let moto forget all that it holds, or each copy is slower than the one before."""
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].reset()
    reset_model_data()
    gc.collect()


def _answer_ranges_without_copies() -> None:
    """Let moto answer a range at the cost of a range: it copies the whole object for each."""
    original = FakeKey.value

    def value(key: FakeKey) -> bytes:
        held = key._value_buffer._file  # noqa: SLF001 - moto has no public way
        if isinstance(held, BytesIO):
            return held.getvalue()
        found: bytes = original.fget(key)
        return found

    FakeKey.value = property(value, original.fset)


def _write(path: Path, size: int, *, seed: int) -> str:
    """Write bytes that no compression makes shorter; return their SHA-256 digest."""
    chance, digest = random.Random(seed), hashlib.sha256()  # noqa: S311 - repeatable
    with path.open("wb") as file:
        for start in range(0, size, PART):
            piece = chance.randbytes(min(PART, size - start))
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker."""
    with subprocess.Popen(
        [sys.executable, str(ROOT / "benchmarks" / "staging_worker.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        yield process


def _answer(process: subprocess.Popen[bytes]) -> dict[str, float]:
    """Return what a worker says once it is done.

    Raises:
        SystemExit: It failed.
    """
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise SystemExit("a worker failed")
    told: dict[str, float] = json.loads(line)
    return told


def _ask(process: subprocess.Popen[bytes], call: str) -> None:
    if process.stdin:
        process.stdin.write(f"{call}\n".encode())


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """What one copy has taken, from the start of its processes, in seconds."""

    parts: float = 0.0
    """Until all parts were there."""
    whole: float
    """Until the object was there."""
    checked: float = 0.0
    """Until its digest was found right."""
    processor: float
    """Of the client, until the object was there."""


def speed(size: int, rounds: int) -> list[str]:
    """Return the section about speed."""
    theirs, ours = [], []
    with Place([size]) as place:
        for turn in range(rounds):
            for is_ours in (False, True) if turn % 2 else (True, False):
                begun = place.begin()
                if is_ours:
                    ours.append(copied_by_worker(begun))
                    place.check(begun)
                else:
                    theirs.append(copied_by_pipe(place))
    ratio = median(one.whole for one in theirs) / median(one.whole for one in ours)
    parts, whole, checked = (
        median(getattr(one, name) for one in ours) for name in ("parts", "whole", "checked")
    )
    return [
        "## How fast",
        "",
        (
            f"A file of {size / 1e6:,.0f} MB, medians of {rounds} rounds in turn, each from the "
            "start of its processes until the object is in S3. Both copy through the same embedded "
            "S3, which is Python and takes most of the time: it puts the parts together for "
            "seconds, of both alike. A range costs there what a range costs, for this benchmark: "
            "moto copies the whole object for each."
        ),
        *_table(
            ("copied by", "seconds", "MB/s", "processor seconds of the client"),
            _row("`curl \\| aws s3 cp -`", size, theirs),
            _row(f"one worker, parts of {PART // MEBIBYTE} MiB", size, ours),
        ),
        (
            f"One worker is {ratio:.2f} times as fast as the pipe "
            f"({_verdict(LEAST_RATIO, ratio, at_least=True)}). Its parts were there after "
            f"{parts:.2f} s ({size / parts / 1e6:,.0f} MB/s), and {checked - whole:.2f} s after "
            "the object was whole its SHA-256 digest was found right, which the pipe does not "
            "check. A model is copied by as many workers at once as "
            "`StagingLimits.maximum_concurrency` says."
        ),
        "",
    ]


def copied_by_pipe(place: Place) -> Copy:
    """Copy a place's one file as one would by hand."""
    (name,) = place.digests
    url = f"{place.hub.url}/{REPO}/resolve/main/{name}"
    command = f"curl -sfL {url} | aws --endpoint-url {place.url} s3 cp - s3://{BUCKET}/{name}"
    began, used = time.perf_counter(), _processor_of_children()
    subprocess.run(["/bin/sh", "-c", command], check=True)
    return Copy(whole=time.perf_counter() - began, processor=_processor_of_children() - used)


def _processor_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def copied_by_worker(begun: Import) -> Copy:
    """Copy an import's one file by one worker."""
    began = time.perf_counter()
    with worker() as process:
        _answer(process)
        for number in range(len(begun.plan.batches)):
            _ask(process, f"{begun.scratch} stage {number}")
            _answer(process)
        parts = time.perf_counter() - began
        _ask(process, f"{begun.scratch} complete 0")
        processor = _answer(process)["processor"]
        whole = time.perf_counter() - began
        _ask(process, f"{begun.scratch} finish-file 0")
        _answer(process)
        checked = time.perf_counter() - began
        _end(process)
    return Copy(parts=parts, whole=whole, checked=checked, processor=processor)


def _row(what: str, size: int, copies: list[Copy]) -> tuple[str, ...]:
    seconds = median(copy.whole for copy in copies)
    return (
        what,
        f"{seconds:.2f}",
        f"{size / seconds / 1e6:,.0f}",
        f"{median(copy.processor for copy in copies):.2f}",
    )


@dataclass(slots=True)
class Life:
    """What a worker did until it was done or killed."""

    seconds: float
    peak: float
    done: int
    """Calls, from the first one on."""
    killed_in: str | None = None
    """Step; None where it came to its end."""


def live(calls: list[str], seconds: float | None) -> Life:
    """Let a worker do calls, and kill it after some seconds of work."""
    with worker() as process:
        peak = _answer(process)["peak"]
        began = time.perf_counter()
        for done, call in enumerate(calls):
            _ask(process, call)
            if seconds is not None:
                left = max(0.0, began + seconds - time.perf_counter())
                if not select.select([process.stdout], [], [], left)[0]:
                    peak = _killed(process)
                    return Life(time.perf_counter() - began, peak, done, call.split()[1])
            peak = _answer(process)["peak"]
        _end(process)
    return Life(time.perf_counter() - began, peak, len(calls))


def _killed(process: subprocess.Popen[bytes]) -> float:
    """Kill a worker in the middle of a call; return the peak of its memory."""
    process.send_signal(signal.SIGSTOP)
    peak = peak_megabytes(process.pid)
    process.kill()
    process.wait()
    return peak


def kills(size: int, files: int, wanted: int) -> list[str]:
    """Return the section about kills."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable
    lives: list[Life] = []
    imports = 0
    with Place([size // files] * files) as place:
        begun = place.begin()
        alone = live(begun.calls, None)
        place.check(begun)
        needed = place.requested
        while sum(life.killed_in is not None for life in lives) < wanted:
            begun, imports = place.begin(), imports + 1
            calls = begun.calls
            while calls:
                is_mortal = sum(life.killed_in is not None for life in lives) < wanted
                # On average twice the distance that would kill one import so often: what a kill
                # has broken off is copied anew.
                limit = chance.uniform(0, 4 * alone.seconds / wanted) if is_mortal else None
                lives.append(live(calls, limit))
                calls = calls[lives[-1].done :]
            place.check(begun)
        again = place.requested - (imports + 1) * needed
    steps = [life.killed_in for life in lives if life.killed_in]
    peak = max(life.peak for life in (alone, *lives))
    return [
        "## What a kill costs",
        "",
        (
            f"{files} files, {size / 1e6:,.0f} MB together: the worker is ended by SIGKILL at "
            f"random moments of its work (seed {SEED}), and another one is sent the same call "
            "again. Afterwards each file's SHA-256 digest is taken from S3 and compared with the "
            "source's, and uploads that are still open are looked for."
        ),
        *_table(
            ("what", "measured"),
            ("kills while parts are copied", steps.count("stage")),
            ("kills while files are completed and their digests checked",
             steps.count("finish-file")),
            ("imports that they hit", imports),
            ("files that are byte for byte the source's", "all"),
            ("uploads left open", 0),
            ("bytes asked of the hub again for each kill, MB", f"{again / 1e6 / wanted:,.1f}"),
            (
                f"largest peak of a worker's memory, MiB (at most {WORKER_MEMORY})",
                f"{peak:,.0f} ({_verdict(WORKER_MEMORY, peak, at_least=False)})",
            ),
        ),
        (
            "A worker holds up to six parts at a time, and those are what a kill loses: "
            "parts that S3 has are adopted, files whose digest was found right are not read again."
        ),
        "",
    ]  # fmt: skip


def _verdict(bar: float, value: float, *, at_least: bool) -> str:
    holds = value >= bar if at_least else value <= bar
    told = f"{'at least' if at_least else 'at most'} {bar:g} is wanted"
    return "holds" if holds else f"missed: {told}"


def _table(*rows: tuple[object, ...]) -> list[str]:
    head, *body = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return ["", head, "|" + " --- |" * len(rows[0]), *body, ""]


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", action="store_true", help="only that section, printed")
    parser.add_argument("--kill", action="store_true", help="likewise")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--file-megabytes", type=int, default=1024)
    parser.add_argument("--model-megabytes", type=int, default=2048)
    parser.add_argument("--files", type=int, default=16)
    parser.add_argument("--kills", type=int, default=20)
    given = parser.parse_args()
    is_all = given.speed == given.kill
    lines = [
        "# Staging a model: how fast, and what a kill costs",
        "",
        (
            "Made by `benchmarks/model_staging.py`: from the loopback hub to the embedded S3 on "
            f"{os.cpu_count()} cores, Python {platform.python_version()}. Megabytes a second "
            "depend on the machine and its load; the ratio carries over."
        ),
        "",
    ]
    if is_all or given.speed:
        lines += speed(given.file_megabytes * MEBIBYTE, given.rounds)
    if is_all or given.kill:
        lines += kills(given.model_megabytes * MEBIBYTE, given.files, given.kills)
    text = "\n".join(lines).rstrip() + "\n"
    if is_all:
        PAGE.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
