"""What "Record run" leaves for people, in S3."""

import json

import msgspec
import pytest
from msgspec.structs import replace

from bedrock_customization_runtime.handlers import record_run

pytestmark = pytest.mark.usefixtures("handler_environment")


@pytest.fixture
def record(make_buckets, run_of):
    """Record a run whose manifest is as given; return what lies beside it."""
    bucket = "recorded-artifacts"
    s3 = make_buckets(bucket)

    def call(manifest, **given):
        run = run_of("orders-7", data="d", blind="b", artifacts=bucket)
        key = run["manifest"].removeprefix(f"s3://{bucket}/")
        s3.put_object(Bucket=bucket, Key=key, Body=msgspec.json.encode(manifest))
        record_run.handler({"run": run, **given}, None)
        found = s3.list_objects_v2(Bucket=bucket)["Contents"]
        return {
            item["Key"].rpartition("/")[2]: s3.get_object(Bucket=bucket, Key=item["Key"])
            for item in found
        }

    return call


def test_a_run_that_made_a_model_leaves_its_card_beside_the_report(record, promoted):
    left = record(replace(promoted, status="running", ended=None))

    assert left.keys() == {
        "manifest.json",
        "000001.json",
        "report.html",
        "model-card.md",
        "model-card.json",
    }
    assert left["000001.json"]["ETag"] == left["manifest.json"]["ETag"]
    assert left["model-card.md"]["ContentType"] == "text/markdown; charset=utf-8"
    card = json.loads(left["model-card.json"]["Body"].read())
    assert card["outcome"]["outcome"] == "Promoted"
    assert card["model_details"]["arn"] == promoted.customization.model_arn


def test_a_run_that_failed_before_there_was_a_model_leaves_no_card(record, prepared):
    failure = {"error": "BudgetExceeded", "cause": "too dear", "phase": "Plan", "redrives": 0}

    left = record(prepared, failure=failure)

    assert left.keys() == {"manifest.json", "000001.json", "report.html"}
    assert "Over budget" in left["report.html"]["Body"].read().decode()
