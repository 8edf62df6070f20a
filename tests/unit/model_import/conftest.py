"""A hub and an S3 over loopback, and a model on one of them whose copy is staged."""

import random
from functools import partial

import pytest

from bedrock_customization_local.cloud.hub import Hub
from bedrock_customization_runtime.model_import import plan, uploads
from bedrock_customization_runtime.model_import.sources.hub import HubRepository
from bedrock_customization_runtime.model_import.sources.hub_requests import HubRequests
from bedrock_customization_runtime.model_import.sources.opening import SourceClients
from bedrock_customization_runtime.s3.objects import S3Uri

BUCKETS = ("import-data", "import-blind", "import-artifacts")
MEBIBYTE = 2**20
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def hub():
    """A hub, empty at first."""
    with Hub() as one:
        yield one


@pytest.fixture
def s3(make_buckets):
    """A client of S3 with the buckets of a pipeline and one of somebody else."""
    return make_buckets(*BUCKETS, "elsewhere")


@pytest.fixture
def run(run_of, begin_manifest, s3):
    """A run with a manifest."""
    found = run_of("imported", **dict(zip(("data", "blind", "artifacts"), BUCKETS, strict=True)))
    begin_manifest(s3, found)
    return found


@pytest.fixture
def pauses():
    """How long was waited, without waiting."""
    return []


@pytest.fixture
def ask(hub, pauses):
    """Make what asks the hub; it only notes its pauses."""

    def make(token=None):
        return HubRequests(hub.url, token=token, pause=pauses.append)

    return make


@pytest.fixture
def publish(hub, tmp_path):
    """Publish files by name on a hub that works; returns the repository's name."""
    hub.faults.clear()

    def one(name, files, **settings):
        folder = tmp_path / name.replace("/", "_") / str(len(list(tmp_path.rglob("*"))))
        folder.mkdir(parents=True)
        for file, body in files.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_bytes(body)
        hub.publish(name, folder, **settings)
        return name

    return one


@pytest.fixture
def source_of(hub):
    """Name a repository as a model source."""

    def make(repo, revision="main"):
        return {"kind": "hub", "endpoint": hub.url, "repo": repo, "revision": revision}

    return make


@pytest.fixture
def look(ask, source_of):
    """Pin a repository."""

    def one(repo, *, token=None, revision="main"):
        return HubRepository.look(ask(token), source_of(repo, revision))

    return one


@pytest.fixture
def clients(s3):
    """What sources are read with; SageMaker and secrets are not there."""
    return SourceClients(s3=s3, sagemaker=_nobody, secrets_manager=_nobody)


def _nobody():
    raise AssertionError("nobody asks")


@pytest.fixture
def begin(s3, run):
    """Begin the uploads of some files of a source; returns scratch and plan."""
    return partial(_begin, s3, run)


def _begin(
    s3, run, source, names, *, part_bytes=5 * MEBIBYTE, batch_bytes=12 * MEBIBYTE, contract=None
):
    scratch = plan.ImportScratch(s3, plan.scratch_of(run))
    by_name = {file.name: file for file in source.pinned.files}
    made = plan.StagingPlan(
        source=contract or {"kind": source.pinned.kind},
        pinned=source.pinned,
        model=scratch.model,
        files=[
            plan.StagedFile(
                file=by_name[name],
                part_bytes=part_bytes,
                upload_id=uploads.begin(s3, S3Uri.parse(f"{scratch.model}{name}")),
            )
            for name in names
        ],
        batch_bytes=batch_bytes,
    )
    scratch.write(made)
    return scratch, made


@pytest.fixture
def staged(s3, run):
    """Return what lies below the folder that Bedrock would import, by name."""
    prefix = f"scratch/{run['key']}/import/model/"

    def found():
        listed = s3.list_objects_v2(Bucket="import-data", Prefix=prefix).get("Contents", [])
        return {
            one["Key"].removeprefix(prefix): s3.get_object(Bucket="import-data", Key=one["Key"])[
                "Body"
            ].read()
            for one in listed
        }

    return found


@pytest.fixture
def open_uploads(s3):
    """Return the keys of multipart uploads that are open."""

    def found():
        listed = s3.list_multipart_uploads(Bucket="import-data").get("Uploads", [])
        return [one["Key"] for one in listed]

    return found


@pytest.fixture(scope="session")
def noise():
    """Return so many bytes that no compression makes shorter; the same each time."""

    def make(size, seed=0):
        return random.Random(seed).randbytes(size)

    return make


@pytest.fixture
def plenty():
    """Time left: more than any call needs."""
    return lambda: HOUR_MS
