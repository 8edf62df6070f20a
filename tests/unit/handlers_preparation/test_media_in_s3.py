"""Media that records name, looked at in a real S3 API over HTTP."""

import struct

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime.datasets.record_formats.media_files import HEAD
from bedrock_customization_runtime.s3.media import S3Media

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 30, 40)


@pytest.fixture
def s3(connect, moto_address):
    # The owner's client stays whole whatever a test does to its own.
    owner, s3 = connect(*moto_address), connect(*moto_address)
    owner.create_bucket(Bucket="pictures")
    yield s3
    for found in owner.list_objects_v2(Bucket="pictures").get("Contents", []):
        owner.delete_object(Bucket="pictures", Key=found["Key"])
    owner.delete_bucket(Bucket="pictures")
    owner.close()
    s3.close()


@pytest.fixture
def calls(s3):
    """Names of the operations that were called."""
    names = []
    s3.meta.events.register("before-call.s3", lambda model, **_: names.append(model.name))
    return names


def put(s3, key, body=PNG):
    s3.put_object(Bucket="pictures", Key=key, Body=body)


def test_a_file_is_known_by_its_size_and_its_beginning(s3):
    put(s3, "a/long.png", PNG + bytes(2 * HEAD))
    put(s3, "a/empty.png", b"")
    look = S3Media(s3)

    long, empty = look("s3://pictures/a/long.png"), look("s3://pictures/a/empty.png")

    assert (long.size, long.head) == (len(PNG) + 2 * HEAD, (PNG + bytes(HEAD))[:HEAD])
    assert (empty.size, empty.head) == (0, b"")


def test_a_file_is_missing_whose_key_differs_only_in_letter_case_or_which_lies_deeper(s3):
    put(s3, "a/b.png")
    put(s3, "a/c/d.png")
    look = S3Media(s3)

    assert look("s3://pictures/a/B.png") is None
    assert look("s3://pictures/a/d.png") is None
    assert look("s3://pictures/a/c/d.png") is not None
    assert look("s3://no-such-bucket/b.png") is None


def test_a_folder_is_listed_once_and_a_file_read_once(s3, calls):
    for number in range(20):
        put(s3, f"a/{number}.png")
    calls.clear()
    look = S3Media(s3)
    for _ in range(2):
        for number in range(20):
            assert look(f"s3://pictures/a/{number}.png").head == PNG

    assert sorted(calls) == ["GetObject"] * 20 + ["ListObjectsV2"]


def test_beyond_so_many_beginnings_only_sizes_are_told(s3, calls):
    for number in range(5):
        put(s3, f"a/{number}.png")
    look = S3Media(s3, heads=2)
    found = [look(f"s3://pictures/a/{number}.png") for number in range(5)]

    assert [file.head is None for file in found] == [False, False, True, True, True]
    assert {file.size for file in found} == {len(PNG)}
    assert calls.count("GetObject") == 2


@pytest.mark.parametrize("operation", ["ListObjectsV2", "GetObject"])
def test_what_may_not_be_read_is_not_called_missing(s3, operation):
    put(s3, "a/b.png")
    look = S3Media(s3)

    def deny(model, **_):
        if model.name == operation:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, operation)

    s3.meta.events.register("before-call.s3", deny)
    found = look("s3://pictures/a/b.png")

    assert found is not None
    assert found.head is None


def test_a_failure_of_s3_is_not_taken_for_an_answer(s3):
    put(s3, "a/b.png")

    def fail(**_):
        raise ClientError({"Error": {"Code": "SlowDown"}}, "ListObjectsV2")

    s3.meta.events.register("before-call.s3", fail)
    with pytest.raises(ClientError, match="SlowDown"):
        S3Media(s3)("s3://pictures/a/b.png")
