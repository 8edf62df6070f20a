"""Objects by URI, and writing only over what was read."""

import pytest

from bedrock_customization_runtime.s3 import objects
from bedrock_customization_runtime.s3.objects import S3Uri, VersionConflictError


@pytest.mark.parametrize("text", ["", "s3://", "s3://bucket", "s3://bucket/", "http://b/k", "b/k"])
def test_what_is_no_s3_uri_is_refused(text):
    with pytest.raises(ValueError, match="an S3 URI looks like"):
        S3Uri.parse(text)


def test_a_uri_is_read_and_written_back():
    assert str(S3Uri.parse("s3://bucket/a/b c")) == "s3://bucket/a/b c"


def test_of_two_first_writers_one_wins(s3):
    uri = "s3://runtime-artifacts/first.json"
    objects.write_version(s3, uri, b"1", "text/plain", replaces=None)
    with pytest.raises(VersionConflictError):
        objects.write_version(s3, uri, b"2", "text/plain", replaces=None)
    assert objects.read(s3, uri) == b"1"


def test_of_two_later_writers_one_wins(s3):
    uri = "s3://runtime-artifacts/later.json"
    objects.write(s3, uri, b"1", "text/plain")
    seen = objects.read_version(s3, uri)
    objects.write_version(s3, uri, b"2", "text/plain", replaces=seen)
    with pytest.raises(VersionConflictError):
        objects.write_version(s3, uri, b"3", "text/plain", replaces=seen)
    assert objects.read(s3, uri) == b"2"


def test_a_missing_object_has_no_version(s3):
    assert objects.read_version(s3, "s3://runtime-artifacts/missing") is None
