"""The command `prepare` and the Lambda function make the same bytes of the same data."""

import gzip
import io
import json
from pathlib import Path

import arro3.core as arrow
import arro3.io
import pytest
from typer.testing import CliRunner

from bedrock_customization_local.cli import app
from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.errors import DatasetRejected
from bedrock_customization_runtime.preparation import prepare

NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
BUCKETS = ("disk-data", "disk-blind", "disk-artifacts")
ADVISING = Path(__file__).parents[1] / "datasets" / "data" / "advising_excerpt.jsonl"
ROWS = [
    (f"question {chr(97 + number % 26) * (number // 26 + 1)}", ("pay", "card")[number % 2])
    for number in range(200)
]
PERSONAL = ("write to joe@example.com about it", "pay")


@pytest.fixture
def s3(make_buckets):
    return make_buckets(*BUCKETS)


@pytest.fixture
def on_s3(s3, run_of, begin_manifest):
    """Prepare a source as the function does; returns its files by the names they have on disk."""
    data, blind, artifacts = BUCKETS

    def run(body, **event):
        s3.put_object(Bucket=data, Key="incoming/rows", Body=body)
        names = run_of("r", data=data, blind=blind, artifacts=artifacts)
        begin_manifest(s3, names)
        refused = False
        try:
            prepare(s3, {"run": names, "base_model": NOVA_MICRO, "method": "FINE_TUNING", **event})
        except DatasetRejected:
            refused = True
        files = {
            found["Key"].rpartition("/")[2]: s3.get_object(Bucket=bucket, Key=found["Key"])[
                "Body"
            ].read()
            for bucket in BUCKETS
            for found in s3.list_objects_v2(Bucket=bucket, Prefix="runs/").get("Contents", [])
            if "/lineage/" not in found["Key"]
        }
        del files["manifest.json"]
        return refused, files

    return run


@pytest.fixture
def on_disk(tmp_path):
    """Prepare a file with the command; returns the files it wrote."""

    def run(body, *options):
        source, out = tmp_path / "source", tmp_path / "out"
        source.write_bytes(body)
        arguments = ["prepare", str(source), "--base-model", NOVA_MICRO, "--out", str(out)]
        result = CliRunner().invoke(app, [*arguments, *map(str, options)])
        files = {path.name: path.read_bytes() for path in out.iterdir()}
        page = files.pop("report.html").decode()
        assert page.startswith("<!DOCTYPE html>")
        return result.exit_code == 1, files

    return run


def csv():
    lines = ["text,label", *(",".join(row) for row in [*ROWS, PERSONAL]), "only one field"]
    return "\n".join(lines).encode()


def parquet():
    columns = {
        name: arrow.Array([row[place] for row in [*ROWS, PERSONAL]], type=arrow.DataType.string())
        for place, name in enumerate(("text", "label"))
    }
    file = io.BytesIO()
    arro3.io.write_parquet(arrow.Table.from_pydict(columns), file)
    return file.getvalue()


def records():
    lines = [json.dumps({"prompt": ask, "completion": answer}) for ask, answer in ROWS]
    return gzip.compress("\n".join([*lines, "", lines[0], '{"prompt": "', "{}"]).encode())


COLUMNS = {"prompt": "{text}", "completion": "{label}", "system": "Sort."}
COLUMN_OPTIONS = ("--prompt", "{text}", "--completion", "{label}", "--system", "Sort.")
SPLIT = {"validation": 0.1, "test": 0.2, "seed": 0}
CASES = {
    "CSV by the defaults": (
        csv(),
        {"template": COLUMNS, "split": SPLIT, "max_rejected": 0.05},
        COLUMN_OPTIONS,
    ),
    "Parquet, masked, another seed": (
        parquet(),
        {
            "template": COLUMNS | {"stratify_by": "label", "slice_by": ["label"]},
            "split": {"validation": 0.15, "test": 0.3, "seed": 7},
            "max_rejected": 0.0,
            "privacy": "mask",
        },
        (
            *COLUMN_OPTIONS,
            *(
                "--stratify-by",
                "label",
                "--slice-by",
                "label",
                "--validation",
                "0.15",
                "--test",
                "0.3",
                "--seed",
                "7",
            ),
            *("--max-rejected", "0", "--privacy", "mask"),
        ),
    ),
    "records as gzip": (records(), {"split": SPLIT, "max_rejected": 0.05}, ()),
    "questions with near-copies": (
        ADVISING.read_bytes(),
        {
            "template": {"prompt": "{question}", "completion": "{sql}"},
            "split": SPLIT,
            "max_rejected": 0.05,
        },
        ("--prompt", "{question}", "--completion", "{sql}"),
    ),
    "a refused data set": (
        csv() + b"\nx" * 50,
        {"template": COLUMNS, "split": SPLIT, "max_rejected": 0.05},
        COLUMN_OPTIONS,
    ),
}


@pytest.mark.parametrize(("body", "event", "options"), CASES.values(), ids=CASES.keys())
def test_both_write_the_same_bytes(on_s3, on_disk, body, event, options):
    refused, expected = on_s3(body, **event)
    assert expected["report.json"]

    assert on_disk(body, *options) == (refused, expected)
    assert refused == ("train.jsonl" not in expected)


def test_a_refused_data_set_leaves_its_broken_rules_in_the_manifest(s3, on_s3):
    refused, files = on_s3(
        b"text,label\n" + b"x\n" * 20, template=COLUMNS, split=SPLIT, max_rejected=0.1
    )

    found = manifest.load(s3, f"s3://{BUCKETS[2]}/runs/r/manifest.json").refusal
    assert refused
    assert (found.read, found.rejected) == (20, 20)
    assert [(each.rule, each.count, each.lines[0]) for each in found.findings] == [
        ("csv-ragged", 20, 2)
    ]
    assert found.report.endswith("/preparation/report.json")
    assert found.rejected_records.endswith("/preparation/rejected.jsonl")
    assert "rejected.jsonl" in files
