"""The manifest grows, and nobody's section is lost."""

import json

import jsonschema
import pytest
from msgspec.structs import replace

from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.errors import ManifestConflict


def section(arn="arn:1"):
    return manifest.RunSection(
        id="run",
        execution_arn=arn,
        source="s3://data/incoming/x.csv",
        base_model="base:128k",
        inference_model="base",
        catalog_version="2026-11-22",
        library_version="0.1.0",
        started="2026-11-23T00:00:00+00:00",
        embedded=False,
    )


def failed(error):
    return lambda found: replace(found, failure=manifest.FailureSection(error=error, cause=""))


def test_a_repeated_start_finds_its_manifest(s3):
    uri = "s3://runtime-artifacts/repeated/manifest.json"
    first = manifest.begin(s3, uri, section())
    assert manifest.begin(s3, uri, replace(section(), started="later")) == first


def test_another_execution_of_that_name_is_refused(s3):
    uri = "s3://runtime-artifacts/other/manifest.json"
    manifest.begin(s3, uri, section("arn:1"))
    with pytest.raises(ManifestConflict, match="belongs to arn:1"):
        manifest.begin(s3, uri, section("arn:2"))


def test_a_change_is_applied_to_the_newest_version(s3):
    uri = "s3://runtime-artifacts/newest/manifest.json"
    manifest.begin(s3, uri, section())
    interrupted = []

    def change(found):
        if not interrupted:
            interrupted.append(True)
            manifest.update(s3, uri, failed("Theirs"))
        return replace(found, ended="now")

    manifest.update(s3, uri, change)
    found = manifest.load(s3, uri)
    assert (found.failure.error, found.ended) == ("Theirs", "now")


def test_a_writer_who_always_loses_gives_up(s3):
    uri = "s3://runtime-artifacts/loser/manifest.json"
    manifest.begin(s3, uri, section())
    rounds = iter(range(100))

    def change(found):
        manifest.update(s3, uri, failed(f"Theirs {next(rounds)}"))
        return found

    with pytest.raises(ManifestConflict, match="changed 3 times"):
        manifest.update(s3, uri, change)


def test_a_run_that_never_began_has_nothing_to_change(s3):
    with pytest.raises(ManifestConflict, match="never began"):
        manifest.update(s3, "s3://runtime-artifacts/never/manifest.json", failed("x"))


def test_a_manifest_holds_against_its_schema(s3):
    uri = "s3://runtime-artifacts/schema/manifest.json"
    manifest.begin(s3, uri, section())
    manifest.update(s3, uri, failed("Error"))
    body = s3.get_object(Bucket="runtime-artifacts", Key="schema/manifest.json")["Body"].read()
    jsonschema.validate(json.loads(body), manifest.json_schema())
