"""`report`: from a manifest alone to what people read."""

import json

import boto3
import msgspec
import pytest
from moto import mock_aws
from msgspec.structs import replace
from typer.testing import CliRunner

from bedrock_customization_local.cli import app
from bedrock_customization_runtime.manifest import (
    CustomizationSection,
    FailureSection,
    FileRecord,
    Manifest,
    PreparationSection,
    RunSection,
)

FILE = FileRecord(uri="s3://data/a.jsonl", sha256="0" * 64, bytes=1, records=1)
FAILED = Manifest(
    run=RunSection(
        id="orders-7",
        execution_arn="arn:aws:states:us-east-1:123456789012:execution:Tuning:orders-7",
        source="s3://data/incoming/rows.csv",
        base_model="amazon.nova-micro-v1:0:128k",
        inference_model="amazon.nova-micro-v1:0",
        catalog_version="1",
        library_version="1",
        started="2026-01-01T00:00:00Z",
        embedded=False,
    ),
    status="failed",
    failure=FailureSection(error="InvalidInput", cause="no source"),
)
TRAINED = replace(
    FAILED,
    preparation=PreparationSection(
        source=FILE,
        train=FILE,
        validation=None,
        test=FILE,
        rejected=None,
        read=1,
        duplicates=0,
        estimated_tokens=1,
        record_format="converse",
    ),
    customization=CustomizationSection(
        job_name="j",
        job_arn="arn:j",
        model_arn="arn:m",
        customization_type="FINE_TUNING",
        hyperparameters={},
        started="2026-01-01T00:00:00Z",
        ended="2026-01-01T01:00:00Z",
        training_curve=[],
        validation_curve=[],
    ),
)


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    # One line, however long: what is asserted is the words.
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("NO_COLOR", "1")

    def run_command(*arguments):
        result = CliRunner().invoke(app, ["report", *map(str, arguments)])
        return result.exit_code, result.output

    return run_command


@pytest.fixture
def manifest(tmp_path):
    def write(content):
        file = tmp_path / "manifest.json"
        file.write_bytes(content if isinstance(content, bytes) else msgspec.json.encode(content))
        return file

    return write


@pytest.fixture
def deployed(monkeypatch):
    """A stack with a pipeline's outputs, and a run's manifest in its bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="report-artifacts")
        s3.put_object(
            Bucket="report-artifacts",
            Key="runs/orders-7/manifest.json",
            Body=msgspec.json.encode(TRAINED),
        )
        outputs = {
            "ArtifactsBucketName": "report-artifacts",
            "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:Tuning",
            "AliasParameterName": "/tuning/model",
        }
        boto3.client("cloudformation").create_stack(
            StackName="Tuning",
            TemplateBody=json.dumps(
                {
                    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
                    "Outputs": {name: {"Value": value} for name, value in outputs.items()},
                }
            ),
        )
        yield


def test_a_manifest_becomes_a_report_and_a_model_card(run, manifest, tmp_path):
    out = tmp_path / "deep" / "out"

    code, printed = run("--manifest", manifest(TRAINED), "--out", out)

    assert code == 0
    assert {file.name for file in out.iterdir()} == {
        "model-card.json",
        "model-card.md",
        "report.html",
    }
    assert (out / "report.html").as_uri() in printed
    assert (out / "model-card.md").as_uri() in printed
    assert json.loads((out / "model-card.json").read_bytes())["schema_version"] == 1


def test_a_run_without_a_model_has_a_report_only_and_again_is_the_same(run, manifest, tmp_path):
    file = manifest(FAILED)

    assert run("--manifest", file, "--out", "out")[0] == 0
    first = (tmp_path / "out" / "report.html").read_bytes()
    code, printed = run("--manifest", file, "--out", "out")

    assert code == 0
    assert "Model card" not in printed
    assert [file.read_bytes() for file in (tmp_path / "out").iterdir()] == [first]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"run": 1}', b"\xff", b"{}"])
def test_what_is_no_manifest_is_refused(run, manifest, body, tmp_path):
    code, printed = run("--manifest", manifest(body), "--out", "out")

    assert code == 1
    assert "is no manifest of schema version 1" in printed
    assert not (tmp_path / "out").exists()


def test_a_manifest_that_is_not_there_is_told(run):
    code, printed = run("--manifest", "nowhere.json", "--out", "out")

    assert code == 1
    assert "nowhere.json cannot be read: No such file or directory" in printed


def test_a_folder_that_cannot_be_one_is_told(run, manifest, tmp_path):
    (tmp_path / "taken").write_text("")

    code, printed = run("--manifest", manifest(FAILED), "--out", "taken")

    assert code == 1
    assert "taken cannot be written" in printed


@pytest.mark.parametrize("arguments", [[], ["orders-7", "--manifest", "m.json"]])
def test_either_a_run_or_a_manifest_is_named(run, arguments):
    code, printed = run(*arguments, "--out", "out")

    assert code == 2
    assert "name either a run or --manifest" in printed


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    "named",
    [
        ["orders-7"],
        [TRAINED.run.execution_arn],
        ["orders-7", "--stack", "Tuning", "--region", "us-east-1"],
        ["--manifest", "s3://report-artifacts/runs/orders-7/manifest.json"],
    ],
)
def test_a_run_of_a_deployed_pipeline_is_found_by_its_name(run, named, tmp_path):
    code, printed = run(*named, "--out", "out")

    assert code == 0, printed
    assert "orders-7" in (tmp_path / "out" / "model-card.md").read_text()


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    ("named", "told"),
    [
        (["orders-8"], "NoSuchKey"),
        (["--manifest", "s3://report-artifacts"], "write s3://bucket/key"),
    ],
)
def test_what_aws_refuses_is_told(run, named, told):
    code, printed = run(*named, "--out", "out")

    assert code == 1
    assert told in printed
