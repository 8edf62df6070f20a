"""`bedrock-customization demo` as a person runs it: a process, with all its parts real."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bedrock_customization_runtime.reports.wording import EMBEDDED_NOTICE

pytestmark = pytest.mark.slow

COMMAND = str(Path(sys.executable).with_name("bedrock-customization"))
LONGEST_SECONDS = 300
GIBIBYTE = 2**30


class Demo:
    """A running demo, and every process that it ever had."""

    def __init__(self, process, printed):
        self.process = process
        self.family = {psutil.Process(process.pid)}
        self.peak_memory = 0
        self._printed = printed

    @property
    def printed(self):
        return self._printed.read_text()

    def watch_until(self, happened):
        deadline = time.monotonic() + LONGEST_SECONDS
        while not happened() and time.monotonic() < deadline:
            self._look()
            time.sleep(0.2)
        assert happened(), self.printed

    def watch_to_the_end(self):
        self.watch_until(lambda: self.process.poll() is not None)
        return self.process.returncode

    def survivors(self):
        return [process for process in self.family if is_alive(process)]

    def _look(self):
        try:
            running = psutil.Process(self.process.pid)
            command, children = running.cmdline(), running.children(recursive=True)
        except psutil.NoSuchProcess:
            return
        self.family |= {running, *children}
        memory = memory_of(running) + sum(memory_of(child, unless=command) for child in children)
        self.peak_memory = max(self.peak_memory, memory)


def is_alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def memory_of(process, *, unless=None):
    """Return what a process holds; one with its parent's command is about to start another.

    Until then its memory is its parent's.
    """
    try:
        return 0 if process.cmdline() == unless else process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0


class Place:
    """An empty folder, where there is no app, so that the ready-made one runs."""

    def __init__(self, folder):
        self.work, self.temporary = folder / "work", folder / "temporary"
        self.work.mkdir()
        self.temporary.mkdir()

    @contextmanager
    def demo(self, *arguments):
        printed = self.work / "printed.txt"
        with printed.open("w") as output:
            process = subprocess.Popen(
                [COMMAND, "demo", *map(str, arguments)],
                cwd=self.work,
                env=os.environ | {"TMPDIR": str(self.temporary), "NO_COLOR": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Demo(process, printed)
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def place_of_an_app(place, deployable_stack):
    """A folder with an app that synthesizes at once, for what happens afterwards."""
    assembly = deployable_stack.node.root.synth().directory
    app = f'cp -r {assembly} "$CDK_OUTDIR"'
    (place.work / "cdk.json").write_text(json.dumps({"app": app}))
    return place


def test_the_demo_proves_the_candidate_better_and_leaves_nothing_running(place):
    with place.demo("--output", "report") as demo:
        assert demo.watch_to_the_end() == 0, demo.printed
        assert not demo.survivors()
    folder = place.work / "report"
    manifest = json.loads((folder / "manifest.json").read_text())
    primary = manifest["evaluation"]["metrics"][0]
    assert manifest["status"] == "promoted"
    assert primary["interval"][0] > 0
    assert (folder / "report.html").stat().st_size > 10_000
    assert not any(place.temporary.iterdir())
    assert "BANKING77 by PolyAI, CC-BY-4.0" in demo.printed
    assert EMBEDDED_NOTICE in " ".join(demo.printed.split())
    assert (folder / "report.html").as_uri() in demo.printed
    assert demo.peak_memory < GIBIBYTE


def test_data_that_cannot_be_used_end_in_one_message(place_of_an_app):
    data = place_of_an_app.work / "few.csv"
    data.write_text("text,category\na question,an answer\n")
    with place_of_an_app.demo("--data", data, "--target", "category") as demo:
        assert demo.watch_to_the_end() == 1, demo.printed
        assert not demo.survivors()
    assert "error: DatasetRejected in “Prepare data”: " in demo.printed
    assert "report: file://" in demo.printed
    assert "Traceback" not in demo.printed


def test_a_retired_base_model_is_told_without_a_traceback(place):
    with place.demo("--base-model", "amazon.titan-text-lite-v1:0:4k") as demo:
        assert demo.watch_to_the_end() == 1, demo.printed
        assert not demo.survivors()
    assert "amazon.titan-text-lite-v1:0:4k is retired; for FINE_TUNING use " in demo.printed
    assert "Traceback" not in demo.printed


def test_ctrl_c_ends_everything(place_of_an_app):
    with place_of_an_app.demo() as demo:
        demo.watch_until(lambda: "Prepare data" in demo.printed)
        demo.process.send_signal(signal.SIGINT)
        assert demo.watch_to_the_end() == 130, demo.printed
        assert not demo.survivors()
    assert "Traceback" not in demo.printed
    assert not [str(p) for p in place_of_an_app.temporary.rglob("*")]


def test_a_killed_demo_does_not_hinder_the_next(place_of_an_app):
    with place_of_an_app.demo() as demo:
        demo.watch_until(lambda: "Prepare data" in demo.printed)
        demo.process.kill()
        demo.process.wait()
        demo.watch_until(lambda: not demo.survivors())
    # Any start sweeps, one that fails at once too.
    (place_of_an_app.work / "cdk.json").write_text('{"app": "false"}')
    with place_of_an_app.demo() as next_demo:
        assert next_demo.watch_to_the_end() == 1
    assert not [str(p) for p in place_of_an_app.temporary.rglob("*")]
