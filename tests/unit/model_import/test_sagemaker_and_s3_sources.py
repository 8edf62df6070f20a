"""Where SageMaker says a model is, and folders in S3."""

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime.errors import InvalidInput, ModelSourceRefused, SourceChanged
from bedrock_customization_runtime.model_import.sources import opening, sagemaker
from bedrock_customization_runtime.model_import.sources.s3_folder import S3Folder

ARCHIVE = "s3://trained/job/output/model.tar.gz"
PREFIX = "s3://trained/job/output/model/"


class SageMaker:
    """One training job and one model package, as they are given."""

    def __init__(self, job=None, package=None):
        self._job, self._package = job, package

    def describe_training_job(self, **_):
        return self._found(self._job)

    def describe_model_package(self, **_):
        return self._found(self._package)

    @staticmethod
    def _found(what):
        if what is None:
            raise ClientError({"Error": {"Code": "ValidationException"}}, "Describe")
        return what


def job(uri, status="Completed"):
    return {"TrainingJobStatus": status, "ModelArtifacts": {"S3ModelArtifacts": uri}}


def package(*containers):
    return {"InferenceSpecification": {"Containers": list(containers)}}


def prefix_container(uri, kind="S3Prefix"):
    return {"ModelDataSource": {"S3DataSource": {"S3Uri": uri, "S3DataType": kind}}}


def locate(client, **named):
    source = {"kind": "sagemaker", "bucket": "trained", **named}
    return tuple(sagemaker.locate(lambda: client, source))


@pytest.mark.parametrize(
    ("client", "named", "found"),
    [
        (SageMaker(job(ARCHIVE)), {"training_job": "j"}, ("archive", ARCHIVE)),
        (SageMaker(job(PREFIX)), {"training_job": "j"}, ("s3", PREFIX)),
        (
            SageMaker(package=package({"ModelDataUrl": ARCHIVE})),
            {"model_package": "p"},
            ("archive", ARCHIVE),
        ),
        (
            SageMaker(package=package(prefix_container(PREFIX))),
            {"model_package": "p"},
            ("s3", PREFIX),
        ),
        (
            SageMaker(package=package(prefix_container(ARCHIVE, "S3Object"))),
            {"model_package": "p"},
            ("archive", ARCHIVE),
        ),
        (None, {"archive": ARCHIVE}, ("archive", ARCHIVE)),
    ],
)
def test_a_model_is_found_where_sagemaker_left_it(client, named, found):
    assert locate(client, **named) == found


@pytest.mark.parametrize(
    ("client", "named", "told"),
    [
        (SageMaker(job(ARCHIVE, "InProgress")), {"training_job": "j"}, "is InProgress"),
        (SageMaker(), {"training_job": "j"}, "knows no training job j"),
        (SageMaker(), {"model_package": "p"}, "knows no model package p"),
        (SageMaker(package=package({}, {})), {"model_package": "p"}, "2 containers"),
        (SageMaker(package={}), {"model_package": "p"}, "0 containers"),
        (None, {"archive": "s3://other/model.tar.gz"}, "lies in bucket other"),
    ],
)
def test_what_cannot_be_imported_is_refused(client, named, told):
    with pytest.raises(ModelSourceRefused, match=told):
        locate(client, **named)


def test_a_model_without_an_address_is_refused():
    with pytest.raises(InvalidInput, match="model source"):
        locate(SageMaker(package=package({})), model_package="p")


@pytest.fixture
def folder(s3):
    """Two objects of a model, and one of another folder."""
    for key, body in {"m/config.json": b"{}", "m/a.safetensors": b"abc", "mine/x": b"x"}.items():
        s3.put_object(Bucket="elsewhere", Key=key, Body=body)
    s3.put_object(Bucket="elsewhere", Key="m/", Body=b"")
    return S3Folder.look(s3, "s3://elsewhere/m")


def test_a_folder_holds_what_lies_below_it(folder):
    assert [(file.name, file.size) for file in folder.files()] == [
        ("a.safetensors", 3),
        ("config.json", 2),
    ]
    assert folder.read("a.safetensors", 1, 10) == b"bc"
    assert folder.read("a.safetensors", 3, 10) == b""


def test_a_file_is_read_as_it_was_when_the_run_looked(folder, s3, clients):
    s3.put_object(Bucket="elsewhere", Key="m/config.json", Body=b"[]")
    source = {"kind": "s3", "uri": "s3://elsewhere/m/"}
    again = opening.opened(clients, source, folder.pinned, "s3://import-data/heads")
    with pytest.raises(SourceChanged):
        again.read("config.json", 0, 2)


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("s3://elsewhere/nothing", "holds nothing"),
        ("s3://no-such-bucket-at-all/m", "NoSuchBucket.*function.role"),
    ],
)
def test_a_folder_that_cannot_be_read_is_refused(s3, uri, told):
    with pytest.raises(ModelSourceRefused, match=told):
        S3Folder.look(s3, uri)
    with pytest.raises(InvalidInput):
        S3Folder.look(s3, "https://elsewhere/m")
