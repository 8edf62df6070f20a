"""A worker that stages a model is killed by the system, again and again; another one goes on."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bedrock_customization_runtime.model_import import plan, uploads

WORKER = Path(__file__).parents[3] / "benchmarks" / "staging_worker.py"
MEBIBYTE = 2**20
KILLS = 6
NAMES = ["config.json", "model-1.safetensors", "model-2.safetensors"]
SIZES = [2, 17 * MEBIBYTE + 5, 23 * MEBIBYTE]


class Worker:
    """A process that does one call at a time."""

    def __init__(self, environment):
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER)],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self.peak = 0
        self.wait()

    def begin(self, call):
        self._process.stdin.write(f"{call}\n".encode())

    def wait(self):
        self.peak = json.loads(self._process.stdout.readline())["peak"]

    def kill(self):
        self._process.kill()
        return self.end()

    def end(self):
        self._process.stdin.close()
        self._process.stdout.close()
        return self._process.wait()


@pytest.fixture
def start(moto_url):
    """Start a worker; none outlives the test."""
    environment = {
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    started = []

    def one():
        started.append(Worker(environment))
        return started[-1]

    yield one
    for worker in started:
        worker.kill()


@pytest.fixture
def begun(publish, look, source_of, begin, noise):
    """An import that nobody has worked at; what it copies, and all its calls."""
    files = {name: noise(size, size) for name, size in zip(NAMES, SIZES, strict=True)}
    repo = publish("owner/killed", files)
    contract = source_of(repo)
    scratch, made = begin(look(repo), NAMES, batch_bytes=10 * MEBIBYTE, contract=contract)
    calls = [f"{scratch.uri} stage {number}" for number in range(len(made.batches))]
    calls += [f"{scratch.uri} finish-file {number}" for number in range(len(made.files))]
    return files, calls


def test_a_worker_that_is_killed_again_and_again_copies_all_the_same(
    begun, start, staged, open_uploads
):
    files, calls = begun
    chance = random.Random(7)
    # The last calls read what the first have copied: some kills hit them.
    deaths = sorted(chance.sample(range(len(calls)), KILLS - 1))
    deaths.insert(0, deaths[0])
    at, peaks = 0, []
    for death in deaths:
        worker = start()
        while at < death:
            worker.begin(calls[at])
            worker.wait()
            at += 1
        worker.begin(calls[at])
        time.sleep(chance.uniform(0, 0.05))
        assert worker.kill() == -signal.SIGKILL
        peaks.append(worker.peak)
    worker = start()
    # A state that was killed is sent the whole of what it was sent before.
    for call in calls:
        worker.begin(call)
        worker.wait()
    peaks.append(worker.peak)
    assert worker.end() == 0
    assert {name: hashlib.sha256(body).hexdigest() for name, body in staged().items()} == {
        name: hashlib.sha256(body).hexdigest() for name, body in files.items()
    }
    assert open_uploads() == []
    assert max(peaks) <= 256


class Upload:
    """A client of S3 that notes what it is asked."""

    def __init__(self, s3):
        self._s3 = s3
        self.asked = []

    def __getattr__(self, name):
        found = getattr(self._s3, name)

        def noted(**arguments):
            self.asked.append((name, arguments))
            return found(**arguments)

        return noted


def test_parts_have_the_checksum_that_their_upload_has_promised(s3, begin, publish, look):
    _, made = begin(look(publish("owner/checked", {"config.json": b"{}"})), [])
    uri = plan.S3Uri.parse(f"{made.model}config.json")
    noted = Upload(s3)
    upload_id = uploads.begin(noted, uri)
    uploads.upload(noted, uri, upload_id, plan.Part(0, 1, 0, 2), b"{}")
    assert [arguments["ChecksumAlgorithm"] for _, arguments in noted.asked] == ["CRC32", "CRC32"]
