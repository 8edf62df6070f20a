"""Where staging is measured: a hub with one model, an empty S3, and a worker as a process."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Self

import botocore.session
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.model_instances import reset_model_data
from moto.s3.models import FakeKey, s3_backends

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

MEBIBYTE = 2**20
PART, BATCH = 16 * MEBIBYTE, 1024 * MEBIBYTE
"""As `ModelStaging` has them."""
REPO, BUCKET = "owner/model", "data"
_WORKER = Path(__file__).with_name("staging_worker.py")
_ENVIRONMENT = {
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
        os.environ.update(_ENVIRONMENT)
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
        [sys.executable, str(_WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        yield process


def answer(process: subprocess.Popen[bytes]) -> dict[str, float]:
    """Return what a worker says once it is done.

    Raises:
        SystemExit: It failed.
    """
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise SystemExit("a worker failed")
    told: dict[str, float] = json.loads(line)
    return told


def ask(process: subprocess.Popen[bytes], call: str) -> None:
    """Send a worker a call."""
    if process.stdin:
        process.stdin.write(f"{call}\n".encode())


def end(process: subprocess.Popen[bytes]) -> None:
    """Tell a worker that nothing more comes."""
    if process.stdin:
        process.stdin.close()
