"""How fast models are staged, and what a kill costs: `uv run python benchmarks/model_staging.py`.

From the loopback hub to the embedded S3, beside `curl | aws s3 cp` of the same file to the same S3,
in turn, so that the ratio of the medians holds on a busy machine too; then a model whose worker is
killed at random moments. Writes docs/model-staging.md; with --kill or --speed, prints that section.
Needs Linux, curl and the AWS CLI.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import resource
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from staging_place import BUCKET, MEBIBYTE, PART, REPO, Import, Place, answer, ask, end, worker
from staging_worker import peak_megabytes

PAGE = Path(__file__).parents[1] / "docs" / "model-staging.md"
WORKER_MEMORY, LEAST_RATIO, SEED = 256, 0.8, 7


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
            "`ModelStaging.max_concurrency` says."
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
        answer(process)
        for number in range(len(begun.plan.batches)):
            ask(process, f"{begun.scratch} stage {number}")
            answer(process)
        parts = time.perf_counter() - began
        ask(process, f"{begun.scratch} complete 0")
        processor = answer(process)["processor"]
        whole = time.perf_counter() - began
        ask(process, f"{begun.scratch} finish-file 0")
        answer(process)
        checked = time.perf_counter() - began
        end(process)
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
        peak = answer(process)["peak"]
        began = time.perf_counter()
        for done, call in enumerate(calls):
            ask(process, call)
            if seconds is not None:
                left = max(0.0, began + seconds - time.perf_counter())
                if not select.select([process.stdout], [], [], left)[0]:
                    peak = _killed(process)
                    return Life(time.perf_counter() - began, peak, done, call.split()[1])
            peak = answer(process)["peak"]
        end(process)
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
