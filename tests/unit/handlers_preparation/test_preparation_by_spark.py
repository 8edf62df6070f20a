"""A source prepared by Spark in local mode, against one function that prepares it at once.

Skipped only where the dependency group `spark` is not installed; CI installs it for this file.
"""

import gzip
import json
from contextlib import contextmanager

import pytest

pytest.importorskip("pyspark")

from bedrock_customization_local.local_spark import spark_context
from bedrock_customization_runtime import aws
from bedrock_customization_runtime.errors import CustomizationError, DatasetRejected, SourceChanged
from bedrock_customization_runtime.preparation import prepare
from bedrock_customization_runtime.spark_preparation import driving, job

pytestmark = [
    pytest.mark.slow,
    # Of Spark's own, which leaves sockets to the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

TEMPLATE = {
    "prompt": "You are a patient clerk of our bank and answer with one word: {text}",
    "completion": "{label}",
    "group_by": "customer",
    "stratify_by": "region",
    "slice_by": ["region", "customer"],
}
MEMORY = 2 * 2**30
BILLED = {"VCPUHour": 2.0, "MemoryGBHour": 8.0, "StorageGBHour": 0.0}
CAPACITY = {"vcpus": 8, "memory_gb": 32, "paid_storage_gb": 0}


@pytest.fixture(scope="module")
def context(moto_url):
    """Spark, whose processes reach moto as they would reach AWS."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": moto_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        aws.s3.cache_clear()
        with spark_context() as found:
            yield found
        aws.s3.cache_clear()


def planned(bench, event, shard_bytes):
    plan = bench.plan(event, shard_bytes=shard_bytes, spark_above_bytes=0)
    assert plan["spark"]
    return plan


def outcome(way, event):
    try:
        return way(event)["counts"]
    except CustomizationError as error:
        return str(error).replace(event["run"]["key"], "<run>")


def both(bench, context, body, *, shard_bytes=60_000, **settings):
    """Prepare a source in both ways; return outcome and files of each."""

    def by_spark(event):
        uri = planned(bench, event, shard_bytes)["scratch"]
        return driving.prepare(context, bench.s3, uri, memory=MEMORY)

    found = []
    for name, way in (("by-one", lambda event: prepare(bench.s3, event)), ("by-spark", by_spark)):
        event = bench.event(name, body, **settings)
        found.append((outcome(way, event), bench.files(event)))
    return found


def test_spark_and_one_function_leave_the_same_bytes(bench, context, hostile_jsonl):
    alone, by_spark = both(bench, context, hostile_jsonl(180, too_long=False))

    assert by_spark == alone
    counts, files = alone
    assert counts["rejected"] > 20
    assert counts["duplicates"] > 20
    found = json.loads(files["sharded-artifacts", "preparation/report.json"])
    assert found["prepared"]["left_out"] > 0
    assert {"near-copies", "conflicting-answers"} <= {one["rule"] for one in found["findings"]}


def test_templates_groups_strata_and_objects_of_a_prefix_are_those_of_the_whole_source(
    bench, context, hostile_jsonl
):
    lines = hostile_jsonl(110, seed=5, columns=True, too_long=False).splitlines(keepends=True)
    parts = [b"".join(lines[start : start + 40]) for start in range(0, len(lines), 40)]
    body = {
        f"{number:02}.jsonl" + (".gz" if number % 2 else ""): gzip.compress(part)
        if number % 2
        else part
        for number, part in enumerate(parts)
    }
    alone, by_spark = both(bench, context, body, template=TEMPLATE, privacy="mask")
    assert by_spark == alone
    assert alone[0]["train"] > 50


def test_what_is_refused_is_refused_with_the_same_words(bench, context, hostile_jsonl):
    body = hostile_jsonl(60, seed=5, too_long=False)
    alone, by_spark = both(bench, context, body, shard_bytes=50_000, max_rejected=0.01)
    assert by_spark == alone
    assert "max_rejected allows 1.0%" in alone[0]


@contextmanager
def lent(context):
    """A context that the job does not stop."""
    yield context


def test_the_job_tells_what_it_has_prepared_and_why_it_has_not(
    bench, context, hostile_jsonl, monkeypatch
):
    monkeypatch.setattr("pyspark.SparkContext.getOrCreate", lambda: lent(context))
    body = hostile_jsonl(60, seed=3, too_long=False)
    found = []
    # The run's manifest holds what was last prepared, or why that was refused.
    for max_rejected in (0.0, 0.9):
        plan = planned(bench, bench.event("told", body, max_rejected=max_rejected), 50_000)
        job.main(["--scratch", plan["scratch"], "--memory", str(MEMORY)])
        found.append(plan)
    told = bench.take(found[1], "read-outcome", billed=BILLED, capacity=CAPACITY)
    assert told["counts"]["train"] > 50
    manifest = json.loads(
        bench.files({"run": {"key": "told"}})["sharded-artifacts", "manifest.json"]
    )
    assert manifest["preparation"]["spark"]["vcpu_hours"] == 2
    with pytest.raises(DatasetRejected, match=r"max_rejected allows 0\.0%"):
        bench.take(found[0], "read-outcome", billed=BILLED, capacity=CAPACITY)


def test_a_source_overwritten_while_it_is_read_is_found_out(bench, context, hostile_jsonl):
    body = hostile_jsonl(30, seed=3, too_long=False)
    plan = planned(bench, bench.event("changed", body), 50_000)
    bench.s3.put_object(Bucket="sharded-data", Key="incoming/rows", Body=body + b"\n")
    with pytest.raises(SourceChanged):
        driving.prepare(context, bench.s3, plan["scratch"], memory=MEMORY)


def test_a_job_that_is_repeated_examines_nothing_again(bench, context, hostile_jsonl):
    body = hostile_jsonl(60, seed=3, too_long=False)
    plan = planned(bench, bench.event("repeated", body), 50_000)
    first = driving.prepare(context, bench.s3, plan["scratch"], memory=MEMORY)
    written = bench.written(plan)
    assert driving.prepare(context, bench.s3, plan["scratch"], memory=MEMORY) == first
    again = bench.written(plan)
    examined = [key for key in written if key.endswith(("/summary.json", "/columns.npz"))]
    assert examined
    assert [again[key] for key in examined] == [written[key] for key in examined]
