"""Archives of SageMaker: streamed, bounded, never trusted."""

import gzip
import io
import random
import tarfile

import pytest

from bedrock_customization_runtime.errors import ModelRejected, SourceChanged
from bedrock_customization_runtime.model_import import finishing, unpacking
from bedrock_customization_runtime.model_import.sources.archive import ArchiveFolder

MEBIBYTE = 2**20
URI = "s3://elsewhere/output/model.tar.gz"
HEADS = "s3://import-data/scratch/imported/import/heads"


def packed(files, *, change=lambda info: info):
    """Return an archive of files by name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            info = change(info)
            archive.addfile(info, io.BytesIO(body[: info.size]))
    return buffer.getvalue()


@pytest.fixture
def put(s3):
    """Put an archive where SageMaker would."""

    def one(body):
        s3.put_object(Bucket="elsewhere", Key="output/model.tar.gz", Body=body)

    return one


@pytest.fixture(scope="module")
def files(noise):
    """A model's files; the weights begin with a header's length."""
    weights = (64).to_bytes(8, "little") + noise(11 * MEBIBYTE)
    return {"config.json": b"{}", "model.safetensors": weights, "code/inference.py": b"import os"}


@pytest.fixture(scope="module")
def packed_files(files):
    """The model as SageMaker packs it."""
    return packed({f"./{name}": body for name, body in files.items()})


@pytest.fixture
def archive(s3, put, packed_files):
    """The same in S3, after a look at it."""
    put(packed_files)
    return ArchiveFolder.look(s3, URI, HEADS)


def test_files_are_listed_and_their_beginnings_kept(archive, files):
    sizes = {file.name: file.size for file in archive.files()}
    assert sizes == {name: len(body) for name, body in files.items()}
    assert archive.read("config.json", 0, 100) == b"{}"
    assert archive.read("model.safetensors", 0, 8) == (64).to_bytes(8, "little")
    assert archive.read("model.safetensors", 8, 64) == files["model.safetensors"][8:72]
    with pytest.raises(ModelRejected, match="unpack the archive"):
        archive.read("model.safetensors", 73, 1)


@pytest.mark.usefixtures("archive")
def test_an_archive_is_read_once_to_look_at_it(s3):
    before = s3.head_object(Bucket="import-data", Key="scratch/imported/import/heads/index.json")
    ArchiveFolder.look(s3, URI, HEADS)
    after = s3.head_object(Bucket="import-data", Key="scratch/imported/import/heads/index.json")
    assert before["LastModified"] == after["LastModified"]


def test_wanted_files_are_unpacked_as_the_same_bytes(
    s3, archive, begin, files, staged, open_uploads, plenty
):
    wanted = ["config.json", "model.safetensors"]
    scratch, made = begin(archive, wanted)
    assert made.batches == [[]]
    assert unpacking.unpack(s3, archive, scratch, made, remaining_ms=plenty)
    for number in range(2):
        finishing.finish(s3, scratch, made, number)
    assert staged() == {name: files[name] for name in wanted}
    assert open_uploads() == []


def test_a_call_that_runs_out_of_time_is_gone_on_with(s3, archive, begin, files, staged):
    scratch, made = begin(archive, ["config.json", "model.safetensors"])
    left = iter([900_000, 900_000, *[0] * 99])
    assert not unpacking.unpack(s3, archive, scratch, made, remaining_ms=lambda: next(left))
    # The next call reads over what is there, and has time for it.
    assert unpacking.unpack(s3, archive, scratch, made, remaining_ms=lambda: 900_000)
    finishing.finish(s3, scratch, made, 1)
    assert staged()["model.safetensors"] == files["model.safetensors"]


def test_an_archive_too_large_for_one_call_is_refused(s3, archive, begin):
    scratch, made = begin(archive, ["config.json", "model.safetensors"])
    with pytest.raises(ModelRejected, match="too large to be unpacked"):
        unpacking.unpack(s3, archive, scratch, made, remaining_ms=lambda: 0)


def test_an_archive_that_was_overwritten_is_not_unpacked(s3, archive, begin, put, plenty):
    scratch, made = begin(archive, ["config.json"])
    put(packed({"config.json": b"another"}))
    with pytest.raises(SourceChanged):
        unpacking.unpack(s3, archive, scratch, made, remaining_ms=plenty)


def linked(kind):
    def change(info):
        info.type, info.linkname, info.size = kind, "/etc/passwd", 0
        return info

    return packed({"config.json": b""}, change=change)


def many_members():
    info = tarfile.TarInfo("folder")
    info.type = tarfile.DIRTYPE
    return gzip.compress(10_001 * info.tobuf(), 1)


def long_header():
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 2**40
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.fileobj.write(info.tobuf())
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (lambda: linked(tarfile.SYMTYPE), "a link"),
        (lambda: linked(tarfile.LNKTYPE), "a link"),
        (lambda: linked(tarfile.CHRTYPE), "no ordinary file"),
        (lambda: linked(tarfile.FIFOTYPE), "no ordinary file"),
        (lambda: packed({"../config.json": b""}), "leads out"),
        (lambda: packed({"a/../../b": b""}), "leads out"),
        (lambda: packed({"/etc/passwd": b""}), "leads out"),
        (lambda: packed({"a\\b": b""}), "leads out"),
        (lambda: packed({"a": b"1", "./a": b"2"}), "occurs twice"),
        (many_members, "10,000 files"),
        (long_header, "cannot be unpacked"),
        (lambda: b"no archive", "cannot be unpacked"),
        (lambda: packed({"a": random.Random(0).randbytes(99_999)})[:50_000], "cannot be unpacked"),
    ],
)
def test_hostile_archives_are_refused(s3, put, body, told):
    put(body())
    with pytest.raises(ModelRejected, match=told):
        ArchiveFolder.look(s3, URI, HEADS)
