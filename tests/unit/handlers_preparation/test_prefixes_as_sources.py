"""A prefix as a source: what is read of it, in which order, by one function and in shards."""

import gzip
import hashlib
import json

import pytest

from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput, SourceChanged
from bedrock_customization_runtime.preparation import prepare
from bedrock_customization_runtime.s3 import prefixes
from bedrock_customization_runtime.s3.streams import PinnedObject
from bedrock_customization_runtime.sharded_preparation import planning

HOUR = "AWSLogs/123456789012/BedrockModelInvocationLogs/us-east-1/2026/11/22/10"


@pytest.fixture(scope="module")
def lines(hostile_jsonl):
    return hostile_jsonl(90).split(b"\n")


@pytest.fixture(scope="module")
def objects(lines):
    """Return what one source holds, as seven objects of several kinds, and others that are none."""
    parts = [b"\n".join(lines[start::6]) for start in range(6)]
    table = "prompt,completion\n" + "".join(f"what is {n} of many,{n}\n" for n in range(20))
    return {
        "a.jsonl": parts[0],
        "b/one.json.gz": gzip.compress(parts[1]),
        "b/two.jsonl.gz": gzip.compress(parts[2]),
        f"{HOUR}/1.json.gz": gzip.compress(parts[3]),
        "c.jsonl": parts[4],
        "z.jsonl": parts[5],
        "_SUCCESS": b"",
        ".hidden.jsonl": b"{}",
        "notes.txt": table.encode(),
        "empty.jsonl": b"",
        f"{HOUR}/data/5f_input.json.gz": gzip.compress(b"{}"),
        "AWSLogs/amazon-bedrock-logs-permission-check": b"",
    }


def in_one(bench, event):
    return prepare(bench.s3, event)


def in_shards(bench, event):
    return bench.prepare_in_shards(event, shard_bytes=4000)


def test_a_prefix_is_all_its_data_and_nothing_else(bench, objects):
    event = bench.event("prefix", objects)
    counts = in_one(bench, event)["counts"]
    section = manifest.load(bench.s3, event["run"]["manifest"]).preparation

    names = sorted(name for name in objects if name.endswith(("jsonl", ".gz")))[1:]
    names = [name for name in names if name != "empty.jsonl" and "/data/" not in name]
    listed = "".join(f"{hashlib.sha256(objects[name]).hexdigest()}  {name}\n" for name in names)
    assert section.source.sha256 == hashlib.sha256(listed.encode()).hexdigest()
    assert section.source.uri == "s3://sharded-data/incoming/rows/"
    assert section.source.objects == 6
    assert section.source.bytes == sum(len(objects[name]) for name in names)
    assert counts["read"] > 90

    (skipped,) = [one for one in section.findings if one.rule == "object-skipped"]
    assert (
        "(3 another kind of file, 1 empty, 1 hidden, 1 the body of a large invocation)"
        in skipped.message
    )


def test_findings_and_rejected_records_name_their_object(bench):
    good = b'{"prompt": "where is the station", "completion": "there"}'
    event = bench.event("named", {"a.jsonl": good, "b/c.jsonl": b"\n" + good + b"\nbroken"})
    with pytest.raises(DatasetRejected):
        in_one(bench, event)
    section = manifest.load(bench.s3, event["run"]["manifest"]).refusal
    found = {one.rule: (one.files, one.lines) for one in section.findings}
    assert found["json-malformed"] == (["b/c.jsonl"], [3])
    assert found["blank-line"] == (["b/c.jsonl"], [1])
    (rejected,) = bench.files(event)["sharded-data", "preparation/rejected.jsonl"].splitlines()
    assert (json.loads(rejected)["file"], json.loads(rejected)["line"]) == ("b/c.jsonl", 3)


@pytest.mark.slow
def test_shards_and_one_function_leave_the_same_bytes_of_a_prefix(bench, objects):
    found = []
    for name, way in (("run-by-one", in_one), ("run-by-many", in_shards)):
        event = bench.event(name, objects)
        found.append((way(bench, event)["counts"], bench.files(event)))
    assert found[0] == found[1]
    assert bench.plan(bench.event("plan", objects), shard_bytes=4000)["shards"] > 3


def test_an_object_that_cannot_be_read_is_named_by_both_ways(bench):
    good = b'{"prompt": "where", "completion": "there"}\n'
    broken = {"a.jsonl": good, "b.json.gz": gzip.compress(good * 99)[:-9], "c.jsonl": good}
    told = set()
    for name, way in (("run-by-one", in_one), ("run-by-many", in_shards)):
        with pytest.raises(DatasetRejected, match=r"b\.json\.gz: the gzip data end early") as error:
            way(bench, bench.event(name, broken))
        told.add(str(error.value))
    assert len(told) == 1


@pytest.mark.parametrize("way", [in_one, in_shards])
@pytest.mark.parametrize("change", ["overwritten", "deleted"])
def test_an_object_that_changes_after_it_was_listed_ends_the_preparation(
    bench, objects, way, change, monkeypatch
):
    event = bench.event("changed", objects)
    listing = prefixes.PinnedPrefix._list

    def then_change(prefix):
        found = listing(prefix)
        where = {"Bucket": "sharded-data", "Key": "incoming/rows/c.jsonl"}
        if change == "deleted":
            bench.s3.delete_object(**where)
        else:
            bench.s3.put_object(**where, Body=b'{"prompt": "other", "completion": "one"}')
        return found

    monkeypatch.setattr(prefixes.PinnedPrefix, "_list", then_change)
    with pytest.raises(SourceChanged):
        way(bench, event)


def test_what_arrives_after_the_listing_is_not_read(bench, objects):
    prefix = prefixes.PinnedPrefix(bench.s3, bench.event("late", objects)["run"]["source"])
    bench.s3.put_object(Bucket="sharded-data", Key="incoming/rows/d.jsonl", Body=b"{}")
    assert "d.jsonl" not in [name for name, _ in prefix.contents()]


def test_a_large_object_is_streamed_and_a_small_one_read_at_once(bench, monkeypatch):
    monkeypatch.setattr(prefixes, "_SMALL", 100)
    event = bench.event("sizes", {"large.jsonl": b"x" * 101, "small.jsonl": b"y" * 100})
    prefix = prefixes.PinnedPrefix(bench.s3, event["run"]["source"])
    streamed = PinnedObject(bench.s3, f"{event['run']['source']}large.jsonl").digest()
    assert {name: b"".join(body) for name, body in prefix.contents()} == {
        "large.jsonl": b"x" * 101,
        "small.jsonl": b"y" * 100,
    }
    assert prefix.digests == [streamed, hashlib.sha256(b"y" * 100).hexdigest()]


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ({}, "holds no data: objects whose names end in .jsonl"),
        ({"notes.txt": b"x"}, r"holds no data \(1 another kind of file\)"),
    ],
)
def test_a_prefix_without_data_says_what_would_be(bench, objects, message):
    with pytest.raises(InvalidInput, match=message):
        in_one(bench, bench.event("nothing", objects))


def test_more_objects_than_a_plan_holds_are_refused(bench, objects, monkeypatch):
    monkeypatch.setattr(prefixes, "_MOST_OBJECTS", 5)
    with pytest.raises(InvalidInput, match="more than 5 objects: name a longer prefix"):
        in_one(bench, bench.event("many", objects))


def test_compressed_objects_count_as_the_text_they_are(bench):
    event = bench.event("gz", {"a.json.gz": gzip.compress(b"{}\n" * 9), "b.jsonl": b"{}\n"})
    size = len(gzip.compress(b"{}\n" * 9)) * 8 + 3
    assert bench.plan(event, shard_bytes=1, above_bytes=size)["shards"] == 0
    assert bench.plan(event, shard_bytes=1, above_bytes=size - 1)["shards"] == 2


def test_an_object_that_one_function_cannot_take_is_refused(bench, monkeypatch):
    monkeypatch.setattr(planning, "_MOST_BYTES_UNCUT", 20)
    event = bench.event("huge", {"a.jsonl": b"x" * 21, "b.jsonl": b"{}"})
    with pytest.raises(DatasetRejected, match=r"a\.jsonl of the source has 21 bytes"):
        bench.plan(event, shard_bytes=1)


@pytest.mark.parametrize(
    ("sizes", "ranges"),
    [
        ([1], [(0, 1)]),
        ([5, 5, 5, 5], [(0, 2), (2, 4)]),
        ([5, 5, 5], [(0, 2), (2, 3)]),
        ([50, 1, 1], [(0, 1), (1, 3)]),
        ([0] * 2500, [(0, 1000), (1000, 2000), (2000, 2500)]),
    ],
)
def test_shards_are_whole_objects(sizes, ranges):
    assert planning.object_ranges(sizes, 10, 1) == ranges


def logged(number, **more):
    words = " ".join(f"{chr(97 + number * step % 26)}{number * step}" for step in range(1, 9))
    return {
        "schemaType": "ModelInvocationLog",
        "modelId": "amazon.nova-pro-v1:0",
        "requestMetadata": {"project": "bank"},
        "input": {
            "inputBodyJson": {
                "system": [{"text": "Be brief."}],
                "messages": [{"role": "user", "content": [{"text": words}]}],
            }
        },
        "output": {"outputBodyJson": {"generation": f"answer {number}"}},
        **more,
    }


@pytest.mark.slow
def test_logs_are_chosen_and_counted_alike_by_one_function_and_in_shards(bench):
    rows = [logged(number) for number in range(150)]
    rows += [logged(number, requestMetadata={"project": "shop"}) for number in range(5)]
    rows += [logged(number, modelId="amazon.nova-lite-v1:0") for number in range(4)]
    rows += [logged(number, errorCode="ThrottlingException") for number in range(3)]
    hours = {
        f"{HOUR}/{part}.json.gz": gzip.compress(
            "".join(f"{json.dumps(row)}\n" for row in rows[part::4]).encode()
        )
        for part in range(4)
    }
    settings = {
        "method": "DISTILLATION",
        "logs": {
            "teacher": "us.amazon.nova-pro-v1:0",
            "use_prompt_response": True,
            "request_metadata_filters": {"equals": {"project": "bank"}},
        },
    }
    found = []
    for name, way in (("run-by-one", in_one), ("run-by-many", in_shards)):
        event = bench.event(name, hours, **settings)
        found.append((way(bench, event)["counts"], bench.files(event)))
        section = manifest.load(bench.s3, event["run"]["manifest"]).preparation
        counts = {one.rule: one.count for one in section.findings}
        assert counts.items() >= {"log-filtered": 5, "log-other-model": 4, "log-failed": 3}.items()
        assert section.omitted == 12
    assert found[0] == found[1]
    assert (found[0][0]["read"], found[0][0]["omitted"], found[0][0]["rejected"]) == (162, 12, 0)
    assert ("sharded-data", "preparation/rejected.jsonl") not in found[0][1]
