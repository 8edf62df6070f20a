"""A source prepared in shards, step by step, against one function that prepares it at once."""

import json

import pytest

from bedrock_customization_runtime.datasets import index
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.report import report
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput, SourceChanged
from bedrock_customization_runtime.preparation import prepare, settings_of
from bedrock_customization_runtime.sharded_preparation import planning, steps

TEMPLATE = {
    "prompt": "You are a patient clerk of our bank and answer with one word: {text}",
    "completion": "{label}",
    "group_by": "customer",
    "stratify_by": "region",
    "slice_by": ["region", "customer"],
}


@pytest.fixture(scope="module")
def source(hostile_jsonl):
    return hostile_jsonl(180)


@pytest.fixture(scope="module")
def short(hostile_jsonl):
    """Likewise, without the line that is longer than all others together."""
    return hostile_jsonl(90, seed=3, too_long=False)


def outcome(prepared, event):
    try:
        return prepared(event)["counts"]
    except DatasetRejected as error:
        return str(error).replace(event["run"]["key"], "<run>")


def both(bench, body, *, shard_bytes=12_000, **settings):
    """Prepare a source in both ways; return outcome and files of each."""
    found = []
    for name, way in (
        ("run-by-one", lambda event: prepare(bench.s3, event)),
        ("run-by-many", lambda event: bench.prepare_in_shards(event, shard_bytes=shard_bytes)),
    ):
        event = bench.event(name, body, **settings)
        found.append((outcome(way, event), bench.files(event)))
    return found


@pytest.mark.slow
def test_shards_and_one_function_and_a_disk_leave_the_same_bytes(bench, source):
    # The line that is too long lies across two dozen shards.
    alone, sharded = both(bench, source, shard_bytes=50_000)

    assert sharded == alone
    counts, files = alone
    assert counts["rejected"] > 20
    assert counts["duplicates"] > 20
    assert {key for _, key in files} == {
        "manifest.json",
        "preparation/rejected.jsonl",
        "preparation/report.json",
        "prepared/train.jsonl",
        "prepared/validation.jsonl",
        "test.jsonl",
    }
    found = json.loads(files["sharded-artifacts", "preparation/report.json"])
    assert found["prepared"]["left_out"] > 0
    assert found["prepared"]["plain_split_leaks"] > 0
    assert found["personal_data"]
    rules = {finding["rule"] for finding in found["findings"]}
    assert {"near-copies", "conflicting-answers", "blank-line", "line-too-long"} <= rules
    assert prepared_on_disk(bench, source) == {
        place: body for place, body in files.items() if place[1] != "manifest.json"
    }


def prepared_on_disk(bench, source):
    """Prepare without S3; return the files that a run would leave."""
    settings = settings_of(bench.s3, bench.event("run-on-disk", source))
    with examine([source], settings) as examined:
        prepared = divide(examined)
        lines = {side: b"".join(prepared.lines(side)) for side in Side}
        return {
            ("sharded-data", "prepared/train.jsonl"): lines[Side.TRAIN],
            ("sharded-data", "prepared/validation.jsonl"): lines[Side.VALIDATION],
            ("sharded-blind", "test.jsonl"): lines[Side.TEST],
            ("sharded-data", "preparation/rejected.jsonl"): b"".join(examined.rejected_lines()),
            ("sharded-artifacts", "preparation/report.json"): report(examined, prepared),
        }


@pytest.mark.slow
@pytest.mark.parametrize("shard_bytes", [8000, 10**9])
def test_the_size_of_shards_does_not_show(bench, short, shard_bytes):
    alone, sharded = both(bench, short, shard_bytes=shard_bytes)
    assert sharded == alone


@pytest.mark.slow
def test_templates_groups_and_strata_are_those_of_the_whole_source(bench, hostile_jsonl):
    body = hostile_jsonl(110, seed=5, columns=True, too_long=False)
    alone, sharded = both(bench, body, template=TEMPLATE, privacy="mask")
    assert sharded == alone
    assert alone[0]["train"] > 50
    blind = alone[1]["sharded-blind", "test.jsonl"].splitlines()
    slices = [json.loads(line)["slices"] for line in blind]
    assert {frozenset(one) for one in slices} == {frozenset({"region", "customer"})}
    assert len({one["region"] for one in slices}) > 1


def test_more_slices_than_anybody_looks_at_are_refused_with_the_same_words(
    bench, hostile_jsonl, monkeypatch
):
    monkeypatch.setattr(index, "_SLICES", 3)
    body = hostile_jsonl(120, seed=5, columns=True, too_long=False)
    alone, sharded = both(bench, body, template={**TEMPLATE, "slice_by": ["customer"]})
    assert sharded[0] == alone[0]
    assert "slice_by have more than 3 values" in alone[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_rejected": 0.01}, "max_rejected allows 1.0%"),
        ({"template": {**TEMPLATE, "group_by": "client"}}, "names the column 'client'"),
    ],
)
def test_what_is_refused_is_refused_with_the_same_words(bench, hostile_jsonl, settings, message):
    body = hostile_jsonl(120, seed=5, columns=True, too_long=False)
    alone, sharded = both(bench, body, **{"template": TEMPLATE, **settings})
    assert sharded == alone
    assert message in alone[0]


def test_too_few_records_are_refused_with_the_same_words(bench):
    body = b"\n".join(
        json.dumps({"prompt": f"ask {n % 3}", "completion": "yes"}).encode() for n in range(90)
    )
    alone, sharded = both(bench, body, shard_bytes=500)
    assert sharded == alone
    assert "needs at least" in alone[0]


def test_more_records_than_memory_holds_are_refused(bench, source):
    event = bench.event("large", source)
    plan = bench.plan(event, shard_bytes=40_000)
    for shard in range(plan["shards"]):
        bench.take(plan, "examine-shard", shard)
    with pytest.raises(DatasetRejected, match="more than 10 usable records"):
        steps.take(bench.s3, {"step": "gather", "scratch": plan["scratch"]}, memory=2**28 + 5000)


def overwrite(bench, body):
    bench.s3.put_object(Bucket="sharded-data", Key="incoming/rows", Body=body)


def test_a_source_overwritten_after_the_plan_is_found_out(bench, source):
    event = bench.event("changed", source)
    plan = bench.plan(event, shard_bytes=200_000)
    overwrite(bench, source + b"\n")
    for shard in range(plan["shards"]):
        assert bench.take(plan, "examine-shard", shard) is None
    with pytest.raises(SourceChanged):
        bench.take(plan, "gather")


def test_a_source_overwritten_between_shards_is_found_out(bench, source):
    event = bench.event("changed", source)
    plan = bench.plan(event, shard_bytes=200_000)
    bench.take(plan, "examine-shard", 0)
    overwrite(bench, source + b"\n")
    for shard in range(1, plan["shards"]):
        bench.take(plan, "examine-shard", shard)
    with pytest.raises(SourceChanged):
        bench.take(plan, "gather")


def test_a_source_overwritten_after_the_last_shard_is_found_out(bench, source):
    event = bench.event("changed", source)
    plan = bench.plan(event, shard_bytes=200_000)
    for shard in range(plan["shards"]):
        bench.take(plan, "examine-shard", shard)
    overwrite(bench, source + b"\n")
    with pytest.raises(SourceChanged):
        bench.take(plan, "gather")


def test_a_source_overwritten_and_restored_is_found_out(bench, source):
    event = bench.event("changed", source)
    plan = bench.plan(event, shard_bytes=200_000)
    overwrite(bench, source + b"\n")
    bench.take(plan, "examine-shard", 0)
    overwrite(bench, source)
    for shard in range(1, plan["shards"]):
        bench.take(plan, "examine-shard", shard)
    with pytest.raises(SourceChanged, match="even if it is now what it was before"):
        bench.take(plan, "gather")


def test_a_source_that_was_read_may_be_overwritten(bench, source):
    event = bench.event("read", source)
    prepare(bench.s3, event)
    before = bench.files(event)
    plan = bench.plan(event, shard_bytes=200_000)
    for shard in range(plan["shards"]):
        bench.take(plan, "examine-shard", shard)
    gathered = bench.take(plan, "gather")
    overwrite(bench, b"")
    bench.finish(plan, gathered)
    assert bench.files(event) == before


def test_a_shard_that_was_examined_is_not_examined_again(bench, source):
    event = bench.event("again", source)
    plan = bench.plan(event, shard_bytes=200_000)
    bench.take(plan, "examine-shard", 0)
    before = bench.written(plan)
    bench.take(plan, "examine-shard", 0)
    assert bench.written(plan) == before


def test_settings_and_versions_of_the_source_do_not_share_shards(bench, source):
    event = bench.event("settings", source)
    scratch = {bench.plan(event, shard_bytes=200_000)["scratch"] for _ in range(2)}
    assert len(scratch) == 1
    scratch.add(bench.plan({**event, "privacy": "mask"}, shard_bytes=200_000)["scratch"])
    scratch.add(bench.plan(event, shard_bytes=5000)["scratch"])
    overwrite(bench, source + b"\n")
    scratch.add(bench.plan(event, shard_bytes=200_000)["scratch"])
    assert len(scratch) == 4


def test_every_step_repeated_leaves_the_same_bytes(bench, short):
    event = bench.event("twice", short)
    bench.prepare_in_shards(event, shard_bytes=15_000)
    before = bench.files(event)
    plan = bench.plan(event, shard_bytes=15_000)
    bench.finish(plan, bench.take(plan, "gather"))
    assert bench.files(event) == before


class KilledError(Exception):
    """What a test ends a step with."""


def until_it_survives(s3, step, deaths):
    """Take a step again and again, killed before its first write, its second, until it is done."""
    for survived in range(100):
        left = iter(range(survived))

        def kill(left=left, **_):
            if next(left, None) is None:
                raise KilledError

        s3.meta.events.register("before-call.s3.PutObject", kill, unique_id="kill")
        try:
            return step()
        except KilledError:
            deaths.append(survived)
        finally:
            s3.meta.events.unregister("before-call.s3.PutObject", kill, unique_id="kill")
    raise AssertionError("it never ends")


@pytest.mark.slow
def test_steps_killed_before_each_of_their_writes_leave_the_same_bytes(bench, short):
    event = bench.event("run", short)
    prepare(bench.s3, event)
    before = bench.files(event)
    plan = bench.plan(event, shard_bytes=16_000)
    deaths = []
    take = bench.take
    bench.take = lambda *given: until_it_survives(bench.s3, lambda: take(*given), deaths)

    for shard in range(plan["shards"]):
        bench.take(plan, "examine-shard", shard)
    bench.finish(plan, bench.take(plan, "gather"))

    assert len(deaths) > 50
    assert bench.files(event) == before


def test_a_source_without_a_usable_record_is_refused_with_the_same_words(bench):
    alone, sharded = both(bench, b'{"prompt": 1}\n' * 90, shard_bytes=500, max_rejected=1.0)
    assert sharded == alone
    assert "found 0 usable records" in alone[0]


@pytest.mark.parametrize("size", [0, 1])
def test_a_small_source_is_prepared_by_one_function(bench, source, size):
    event = bench.event("small", source)
    plan = bench.plan(event, shard_bytes=1000, above_bytes=len(source) - 1 + size)
    assert (plan["shards"] == 0) == bool(size)


@pytest.mark.parametrize(
    "body",
    [b'text,label\n"two\nlines",pay\n' * 50, b"\x1f\x8b" + b"x" * 500, b"PAR1" * 100, b"\0a" * 99],
    ids=["CSV", "gzip", "Parquet", "UTF-16"],
)
def test_what_cannot_be_cut_is_prepared_by_one_function(bench, body):
    event = bench.event("uncut", body)
    assert bench.plan(event, shard_bytes=10)["shards"] == 0


def test_a_source_of_very_many_shards_has_larger_ones(bench, monkeypatch):
    monkeypatch.setattr(planning, "_MOST_SHARDS", 100)
    event = bench.event("many", b"{}\n" * 110)
    assert 50 < bench.plan(event, shard_bytes=1)["shards"] <= 100


def test_a_plan_for_nothing_says_what_to_do(bench, source):
    event = bench.event("nothing", source)
    bench.s3.delete_object(Bucket="sharded-data", Key="incoming/rows")
    with pytest.raises(InvalidInput, match="upload the data"):
        bench.plan(event, shard_bytes=1000)


@pytest.mark.slow
def test_what_states_hand_on_is_small(bench):
    lines = [b'{"prompt": "broken'] * 1500
    lines += [
        json.dumps(
            {"prompt": f"{'ab'[n % 2]} {chr(97 + n % 26)} {n}", "completion": "x" * 90}
        ).encode()
        for n in range(200)
    ]
    event = bench.event("many-rejected", b"\n".join(lines), max_rejected=1.0)
    handed_on = []
    take = bench.take

    def noted(*arguments):
        found = take(*arguments)
        handed_on.append(len(json.dumps(found)))
        return found

    bench.take = noted
    handed_on.append(len(json.dumps(bench.prepare_in_shards(event, shard_bytes=15_000))))
    assert max(handed_on) < 2**10
