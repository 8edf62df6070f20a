import json
import random

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bedrock_customization_runtime.datasets import preparation, splitting
from bedrock_customization_runtime.datasets.copies import clusters
from bedrock_customization_runtime.datasets.copies.words import words_of
from bedrock_customization_runtime.datasets.index import Columns
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.errors import DatasetRejected

ADVISING = {"prompt": "{question}", "completion": "{sql}"}


def side_of_each(prepared):
    """The side of each record by its question."""
    found = {}
    for side in ("train", "validation", "test"):
        for record in prepared.records(side):
            found[record["messages"][0]["content"][0]["text"]] = side
    return found


def test_a_record_keeps_its_side_when_records_are_added(prepare, pairs):
    before = side_of_each(prepare(pairs(300)))
    after = side_of_each(prepare(pairs(700)))

    assert {question: after[question] for question in before} == before


def test_a_group_keeps_its_side_when_records_are_added_to_it(prepare, advising):
    template = {**ADVISING, "group_by": "query_id"}
    lines = advising.splitlines(keepends=True)
    random.Random(5).shuffle(lines)
    before = side_of_each(prepare(b"".join(lines[:120]), template=template))
    after = side_of_each(prepare(b"".join(lines), template=template))

    assert {question: after[question] for question in before} == before


def test_the_order_of_the_source_does_not_show_in_the_result(prepare, pairs):
    lines = pairs(200).splitlines(keepends=True)
    files = prepare(b"".join(lines)).files
    random.Random(3).shuffle(lines)

    assert prepare(b"".join(lines)).files == files


def test_another_seed_makes_another_split_of_about_the_same_sizes(prepare, pairs):
    one, other = prepare(pairs(1000), seed=1), prepare(pairs(1000), seed=2)

    assert side_of_each(one) != side_of_each(other)
    for prepared in (one, other):
        assert len(prepared.records("test")) == pytest.approx(200, abs=50)
        assert len(prepared.records("validation")) == pytest.approx(200, abs=50)


def test_near_copies_are_never_divided(prepare, pairs):
    source = pairs(200).decode().splitlines()
    copies = []
    for line in source:
        row = json.loads(line)
        for shape in ("{} 3?", "  {} 12!", "{}... 7,"):
            text = shape.format(row["prompt"].upper())
            copies.append(json.dumps({"prompt": text, "completion": row["completion"] + shape}))
    prepared = prepare("\n".join(copies).encode())

    sides = {}
    for question, side in side_of_each(prepared).items():
        sides.setdefault(question.split()[1].strip("."), set()).add(side)
    assert len(sides) == 200
    assert all(len(found) == 1 for found in sides.values())


def test_paraphrases_of_one_query_stay_on_one_side_when_grouped_by_it(prepare, advising):
    rows = [json.loads(line) for line in advising.splitlines()]
    query_of = {row["question"]: row["query_id"] for row in rows}

    def queries_on_several_sides(prepared):
        sides = {}
        for question, side in side_of_each(prepared).items():
            sides.setdefault(query_of[question], set()).add(side)
        assert len(sides) == 18
        return sum(len(found) > 1 for found in sides.values())

    assert queries_on_several_sides(prepare(advising, template=ADVISING)) == 18
    grouped = prepare(advising, template={**ADVISING, "group_by": "query_id"})
    assert queries_on_several_sides(grouped) == 0


def test_groups_that_share_a_near_copy_become_one(prepare):
    rows = [{"q": f"question {'abcdefgh'[n]}", "a": "x", "g": n // 2} for n in range(8)]
    rows += [{"q": "same 1", "a": "y", "g": 0}, {"q": "Same: 2", "a": "z", "g": 3}]
    source = "\n".join(json.dumps(row) for row in rows).encode()

    sides = side_of_each(
        prepare(source, template={"prompt": "{q}", "completion": "{a}", "group_by": "g"})
    )

    linked = ("question a", "question b", "question g", "question h", "same 1", "Same: 2")
    assert len({sides[question] for question in linked}) == 1


def test_rows_without_a_group_stand_for_themselves(prepare, pairs):
    rows = [{**json.loads(line), "g": ""} for line in pairs(100).splitlines()]
    source = "\n".join(json.dumps(row) for row in rows).encode()

    prepared = prepare(
        source, template={"prompt": "{prompt}", "completion": "{completion}", "group_by": "g"}
    )

    assert all(prepared.records(side) for side in prepared.files)


def test_every_label_is_trained_where_that_can_be(prepare):
    rows = [
        {"prompt": f"{label} {text}", "completion": label}
        for label in ("aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh")
        for text in ("one", "two", "three")
    ]
    source = "\n".join(json.dumps(row) for row in rows).encode()

    for seed in range(30):
        prepared = prepare(source, seed=seed, test=0.4, validation=0.3)
        assert set(prepared.label_counts) == {row["completion"] for row in rows}
        assert prepared.records("test")
        assert prepared.records("validation")


def test_every_side_has_a_record_however_few_there_are(prepare, pairs):
    for seed in range(50):
        prepared = prepare(pairs(3), seed=seed, test=0.05, validation=0.05)
        assert [len(prepared.records(side)) for side in prepared.files] == [1, 1, 1]


def test_the_model_gets_its_minimum_before_the_blind_set_gets_its_share(prepare, pairs):
    for seed in range(20):
        prepared = prepare(pairs(12), seed=seed, small=False, test=0.5, validation=0.3)
        assert len(prepared.records("train")) >= 8
        assert prepared.records("validation")
        assert prepared.records("test")


def test_without_a_validation_set_its_share_is_trained(prepare, pairs):
    prepared = prepare(pairs(500), model="amazon.nova-2-lite-v1:0:256k")

    assert prepared.files["validation"] == b""
    assert len(prepared.records("train")) == pytest.approx(400, abs=40)


@given(text=st.text(alphabet=st.characters(max_codepoint=127, categories=["L", "N", "P", "Z"])))
def test_words_of_plain_text_are_those_of_any_other(text):
    plain, other = (words_of([one]).hashes.tolist() for one in (text, f"{text}\u00b7"))

    assert plain == other or not any(map(str.isalnum, text))


@given(
    keys=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=40),
)
def test_components_are_what_a_search_through_the_graph_finds(keys):
    columns = [np.array(column, dtype=np.uint64) for column in zip(*keys, strict=True)]
    found = clusters.components(columns)

    expected = list(range(len(keys)))
    for _ in keys:
        for one, (near, group) in enumerate(keys):
            for other, (near_other, group_other) in enumerate(keys):
                if near == near_other or group == group_other:
                    expected[one] = min(expected[one], expected[other])
    assert found.tolist() == expected


@given(st.data())
def test_a_split_keeps_to_its_limits_or_says_that_it_cannot(data):
    records = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=12))
    cluster = np.repeat(np.arange(len(records)), records)
    sizes = splitting.Sizes(
        test=data.draw(st.floats(0.01, 0.5)),
        validation=data.draw(st.sampled_from([0.0, 0.1, 0.4])),
        min_train=data.draw(st.integers(1, 10)),
        min_validation=data.draw(st.integers(1, 3)),
        max_validation=data.draw(st.sampled_from([None, 6])),
        min_total=data.draw(st.integers(0, 15)),
    )
    places = splitting.place(np.arange(len(records), dtype=np.uint64), data.draw(st.integers()))
    try:
        side = splitting.sides(cluster, places, cluster % 3, sizes)
    except splitting.TooFewClustersError:
        return

    count = {one: int((side == one).sum()) for one in Side}
    assert count[Side.TEST] >= 1
    assert count[Side.TRAIN] >= sizes.min_train
    assert count[Side.TRAIN] + count[Side.VALIDATION] >= sizes.min_total
    if sizes.validation:
        assert count[Side.VALIDATION] >= sizes.min_validation
    else:
        assert count[Side.VALIDATION] == 0
    if sizes.max_validation is not None:
        assert count[Side.VALIDATION] <= sizes.max_validation


def test_a_large_group_does_not_stay_in_the_blind_set_when_the_model_needs_it(prepare, pairs):
    rows = [{**json.loads(line), "g": n >= 20} for n, line in enumerate(pairs(23).splitlines())]
    rows[22]["g"] = "third"
    template = {"prompt": "{prompt}", "completion": "{completion}", "group_by": "g"}

    for seed in range(20):
        prepared = prepare(
            "\n".join(map(json.dumps, rows)).encode(), template=template, seed=seed, small=False
        )
        assert len(prepared.records("train")) == 20


def test_a_copy_across_the_split_is_refused_however_it_came_about():
    none = np.zeros(0, dtype=np.uint64)
    different = np.arange(4, dtype=np.uint64)
    same = np.array([7, 8, 9, 7], dtype=np.uint64)
    side = np.array([Side.TRAIN, Side.TRAIN, Side.VALIDATION, Side.TEST], dtype=np.int8)
    keys = dict.fromkeys(("exact", "question", "near", "group"), different)
    rest = {"label": none, "line": none, "tokens": none, "stratum": none, "slices": none}

    preparation._check_leaks(Columns(**keys, **rest), side)
    for name in keys:
        with pytest.raises(DatasetRejected, match="1 record of the blind set would have copies"):
            preparation._check_leaks(Columns(**{**keys, name: same}, **rest), side)


def test_places_are_spread_evenly():
    keys = np.arange(100_000, dtype=np.uint64)

    counts = np.histogram(splitting.place(keys, 7), bins=10, range=(0, 1))[0]

    assert counts.sum() == 100_000
    assert abs(counts - 10_000).max() < 500


def test_a_validation_set_that_is_too_large_keeps_its_first_clusters_by_place():
    chance = np.random.default_rng(4)
    records = chance.integers(1, 4, 20_000)
    places = chance.random(len(records))
    side = splitting.sides(
        np.repeat(np.arange(len(records)), records),
        places,
        None,
        splitting.Sizes(
            test=0.1,
            validation=0.2,
            min_train=1,
            min_validation=1,
            max_validation=1000,
            min_total=1,
        ),
    )
    of_cluster = side[np.cumsum(records) - 1]
    kept = places[of_cluster == Side.VALIDATION]
    moved = places[(of_cluster == Side.TRAIN) & (places < 0.3)]
    assert moved.min() > kept.max()
    assert 1000 - 3 < records[of_cluster == Side.VALIDATION].sum() <= 1000
