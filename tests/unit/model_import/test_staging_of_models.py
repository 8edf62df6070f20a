"""Copies of a model in parts: resumed after any kill, checked, never left over."""

import hashlib
import random
import tracemalloc

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_local.cloud.hub import Host, HubFault, HubFaultKind
from bedrock_customization_runtime.errors import ModelCorrupted, SourceChanged
from bedrock_customization_runtime.model_import import finishing, plan, staging, uploads
from bedrock_customization_runtime.model_import.removal import remove_staged
from bedrock_customization_runtime.model_import.sources.s3_folder import S3Folder

MEBIBYTE = 2**20
NAMES = ["config.json", "model.safetensors"]


@pytest.fixture
def files(noise):
    """A small file and a large one, whose last part is short."""
    return {"config.json": b"{}", "model.safetensors": noise(17 * MEBIBYTE + 5)}


@pytest.fixture
def repository(publish, look, files):
    """A repository of them."""
    return look(publish("owner/model", files))


@pytest.fixture
def folder(s3, files):
    """The same in S3."""
    for name, body in files.items():
        s3.put_object(Bucket="elsewhere", Key=f"models/mine/{name}", Body=body)
    return S3Folder.look(s3, "s3://elsewhere/models/mine")


class KilledError(BaseException):
    """What ends a function without any clean-up of its own."""


class MortalS3:
    """A client of S3 that is killed after so many writes."""

    def __init__(self, s3, writes):
        self._s3, self._left = s3, writes

    def __getattr__(self, name):
        found = getattr(self._s3, name)
        if name not in {"upload_part", "complete_multipart_upload", "put_object"}:
            return found

        def mortal(**arguments):
            self._left -= 1
            if self._left < 0:
                raise KilledError
            return found(**arguments)

        return mortal


class ConditionalS3:
    """A client that holds copies to their condition, as S3 does and moto does not."""

    def __init__(self, s3):
        self._s3 = s3

    def __getattr__(self, name):
        return getattr(self._s3, name)

    def upload_part_copy(self, **arguments):
        found = self._s3.head_object(**arguments["CopySource"])
        if found["ETag"] != arguments["CopySourceIfMatch"]:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "UploadPartCopy")
        return self._s3.upload_part_copy(**arguments)


def copy_all(s3, source, scratch, made, plenty):
    for number in range(len(made.batches)):
        assert staging.stage(s3, source, made, number, remaining_ms=plenty)
    return [finishing.finish(s3, scratch, made, number) for number in range(len(made.files))]


@pytest.mark.parametrize("kind", ["repository", "folder"])
def test_copies_are_the_same_bytes(request, kind, s3, begin, files, staged, open_uploads, plenty):
    source = request.getfixturevalue(kind)
    scratch, made = begin(source, NAMES)
    assert len(made.batches) == 2
    finished = copy_all(s3, source, scratch, made, plenty)
    assert staged() == files
    assert open_uploads() == []
    digest = hashlib.sha256(files["model.safetensors"]).hexdigest()
    assert finished[1].sha256 == digest


def test_a_copy_that_is_killed_at_any_moment_goes_on(
    s3, begin, repository, files, staged, open_uploads, plenty
):
    scratch, made = begin(repository, NAMES)
    chance = random.Random(7)
    kills = 0
    while True:
        mortal = MortalS3(s3, chance.randint(0, 3))
        try:
            copy_all(mortal, repository, scratch, made, plenty)
        except KilledError:
            kills += 1
            continue
        break
    assert kills
    assert staged() == files
    assert open_uploads() == []


def test_what_is_copied_is_not_copied_again(s3, begin, repository, hub, plenty):
    _, made = begin(repository, NAMES)
    staging.stage(s3, repository, made, 0, remaining_ms=plenty)
    before = len(hub.requests)
    assert staging.stage(s3, repository, made, 0, remaining_ms=plenty)
    assert len(hub.requests) == before


def test_a_call_that_runs_out_of_time_says_that_it_is_not_done(s3, begin, repository):
    _, made = begin(repository, NAMES, batch_bytes=2**40)
    left = iter([900_000, 900_000, *[0] * 99])
    assert not staging.stage(s3, repository, made, 0, remaining_ms=lambda: next(left))
    assert staging.stage(s3, repository, made, 0, remaining_ms=lambda: 900_000)


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_with_other_bytes_is_found_and_deleted(
    s3, begin, repository, hub, staged, name, plenty
):
    scratch, made = begin(repository, NAMES)
    for host in Host:
        hub.faults.inject(HubFault(kind=HubFaultKind.WRONG_BYTES, host=host, times=None))
    for number in range(len(made.batches)):
        staging.stage(s3, repository, made, number, remaining_ms=plenty)
    with pytest.raises(ModelCorrupted, match=f"copy of {name}"):
        finishing.finish(s3, scratch, made, NAMES.index(name))
    assert staged() == {}


def test_a_file_whose_parts_are_not_all_there_is_not_completed(s3, begin, repository, plenty):
    scratch, made = begin(repository, NAMES)
    staging.stage(s3, repository, made, 0, remaining_ms=plenty)
    with pytest.raises(ModelCorrupted, match="incomplete"):
        finishing.finish(s3, scratch, made, 1)


def test_an_upload_that_somebody_aborted_is_missed(s3, begin, repository, plenty):
    _, made = begin(repository, NAMES)
    uploads.abort_below(s3, made.model)
    with pytest.raises(ModelCorrupted, match="upload is gone"):
        staging.stage(s3, repository, made, 0, remaining_ms=plenty)


def test_an_object_that_was_overwritten_is_not_copied(s3, begin, folder, plenty):
    _, made = begin(folder, NAMES)
    conditional = ConditionalS3(s3)
    s3.put_object(Bucket="elsewhere", Key="models/mine/model.safetensors", Body=b"x" * 9)
    with pytest.raises(SourceChanged, match="overwritten"):
        staging.stage(conditional, folder, made, 0, remaining_ms=plenty)


def test_leftovers_are_taken_away(s3, begin, repository, run, staged, open_uploads, plenty):
    scratch, made = begin(repository, NAMES)
    staging.stage(s3, repository, made, 0, remaining_ms=plenty)
    finishing.finish(s3, scratch, made, 0)
    assert staged()
    assert open_uploads()
    remove_staged(s3, "import-data", run["key"])
    assert staged() == {}
    assert open_uploads() == []
    remove_staged(s3, "import-data", run["key"])


def test_a_model_of_140_gigabytes_is_a_matter_of_configuration():
    wanted = 16 * MEBIBYTE
    assert plan.part_bytes_of(5 * 10**9, wanted) == wanted
    whole = plan.part_bytes_of(190 * 10**9, wanted)
    assert 190 * 10**9 / whole <= 10_000
    assert whole % MEBIBYTE == 0
    shards = [
        plan.StagedFile(
            file=plan.SourceFile(name=f"model-{number:05}.safetensors", size=5 * 10**9),
            part_bytes=wanted,
            upload_id="u",
        )
        for number in range(28)
    ]
    made = plan.StagingPlan(
        source={},
        pinned=plan.Pinned(kind="hub", location="", files=[]),
        model="s3://bucket/model/",
        files=shards,
        batch_bytes=2**30,
    )
    assert len(made.batches) == -(-28 * 5 * 10**9 // 2**30)
    parts = [part for batch in made.batches for part in batch]
    assert sum(part.end - part.start for part in parts) == 140 * 10**9
    assert staging.at_a_time(made) * wanted <= 96 * MEBIBYTE


def test_a_worker_holds_a_few_parts_at_a_time(s3, begin, repository, plenty):
    _, made = begin(repository, NAMES, batch_bytes=2**40)
    tracemalloc.start()
    try:
        staging.stage(s3, repository, made, 0, remaining_ms=plenty)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # moto's server, in the same process, holds what it is sent.
    assert peak < 200 * MEBIBYTE
