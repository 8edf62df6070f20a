"""Near-copies stay together, quotations of the blind set go, strata are spread."""

import json
import random
from collections import Counter

import numpy as np
import pytest

from bedrock_customization_runtime.datasets import power
from bedrock_customization_runtime.datasets.copies import leakage, near_copies
from bedrock_customization_runtime.datasets.copies.words import words_of

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def write():
    """Write so many random words."""
    source = random.Random(7)
    words = ["".join(source.choices(LETTERS, k=source.randint(2, 9))) for _ in range(3000)]
    return lambda count: source.choices(words, k=count)


def words_in(texts):
    return lambda rows: words_of([texts[row] for row in rows])


def joined(texts):
    words = words_of(texts)
    return near_copies.joined(near_copies.bands_of(words), words.keys(), words_in(texts)).tolist()


def jaccard(left, right):
    sets = [
        {tuple(words[start : start + 5]) for start in range(len(words) - 4)}
        for words in (left, right)
    ]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def test_near_copies_are_found_and_others_are_not(write):
    pairs, found = Counter(), Counter()
    for _ in range(300):
        one = write(60)
        other = list(one)
        for place in range(3, 3 + 11 * (pairs.total() % 5), 11):
            other[place] = "changed"
        similarity = jaccard(one, other)
        band = "copy" if similarity >= 0.9 else "near" if similarity >= 0.8 else "far"
        band = "other" if similarity < 0.7 else band
        pairs[band] += 1
        found[band] += joined([" ".join(one), " ".join(other)])[1] == 0
    assert found["copy"] / pairs["copy"] >= 0.99
    assert found["near"] / max(1, pairs["near"]) >= 0.95
    assert found["other"] == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I pay?", "how do i PAY"),
        ("Order 4711 is late", "Order 9 is late"),
        ("\u00c9t\u00e9 \u00e0 No\u00ebl", "\u00e9t\u00e9, \u00e0 no\u00ebl!"),
        ("\u8f66\u7ad9\u600e\u4e48\u8d70\uff1f", "\u8f66\u7ad9\u600e\u4e48\u8d70"),
    ],
)
def test_case_signs_and_digits_make_no_difference(one, other):
    assert joined([one, other, "something else"]) == [0, 0, 2]


def test_texts_of_signs_alone_differ_by_their_signs():
    assert joined(["\U0001f44d", "\U0001f44e", "?!", "\U0001f44d", ""]) == [0, 1, 2, 0, 4]


def test_words_are_hashed_alike_alone_and_among_others(write):
    texts = [" ".join(write(count)) for count in (1, 4, 5, 6, 40, 70_000)] + ["\u8f66\u7ad9", "!"]
    together = words_of(texts)
    for number, text in enumerate(texts):
        alone = words_of([text])
        first, last = together.first[number : number + 2]
        assert alone.hashes.tolist() == together.hashes[first:last].tolist()
        assert words_of([text]).keys()[0] == together.keys()[number]


def test_a_blind_question_quoted_inside_a_longer_one_is_a_leak_and_a_template_is_none(write):
    template = " ".join(write(30))
    blind = [f"{template} {' '.join(write(40))}" for _ in range(20)]
    others = [f"{template} {' '.join(write(80))}" for _ in range(500)]
    quoting = {number: number % 20 for number in range(0, 500, 41)}
    for number, quoted in quoting.items():
        passage = " ".join(blind[quoted].split()[40:56])
        others[number] = f"{others[number]} {passage} {' '.join(write(60))}"
    texts = blind + others

    found = leakage.leaked(np.arange(20), np.arange(20, 520), words_in(texts))

    assert found.tolist() == [20 + number for number in quoting]


def test_quotations_of_the_blind_set_are_left_out_of_training_and_counted(prepare, write):
    passages = [" ".join(write(20)) for _ in range(120)]
    rows = [
        {"prompt": f"{passage} {' '.join(write(30))}", "completion": "x"} for passage in passages
    ]
    quoting = [
        {"prompt": f"{' '.join(write(60))} {passage} {' '.join(write(60))}", "completion": "y"}
        for passage in passages
    ]
    prepared = prepare("\n".join(map(json.dumps, rows + quoting)).encode())

    found = prepared.findings["training-copy"]
    left = sum(len(prepared.records(side)) for side in prepared.files)
    assert found.count == 240 - left > 0
    blind = " ".join(row["messages"][0]["content"][0]["text"] for row in prepared.records("test"))
    trained = " ".join(
        row["messages"][0]["content"][0]["text"]
        for side in ("train", "validation")
        for row in prepared.records(side)
    )
    assert not any(passage in blind and passage in trained for passage in passages)


def test_strata_are_spread_over_the_sides(prepare, pairs):
    rows = [
        {**json.loads(line), "kind": "rare" if number % 20 == 0 else "common"}
        for number, line in enumerate(pairs(600).splitlines())
    ]
    template = {"prompt": "{prompt}", "completion": "{completion}", "stratify_by": "kind"}
    source = "\n".join(map(json.dumps, rows)).encode()
    rare = {row["prompt"] for row in rows if row["kind"] == "rare"}
    for seed in range(5):
        tested = prepare(source, template=template, seed=seed).records("test")
        count = sum(row["messages"][0]["content"][0]["text"] in rare for row in tested)
        assert 5 <= count <= 7


def test_a_larger_blind_set_shows_smaller_differences():
    assert power.minimum_detectable_effect(100) == pytest.approx(0.14, abs=0.005)
    assert power.minimum_detectable_effect(10_000) == pytest.approx(0.014, abs=0.0005)
    assert power.minimum_detectable_effect(0) == 1


@pytest.mark.parametrize("effect", [0.5, 0.1, 0.02, 0.001])
def test_as_many_records_as_a_difference_takes_show_it_and_one_fewer_do_not(effect):
    enough = power.records_to_show(effect)
    assert power.minimum_detectable_effect(enough) <= effect
    assert power.minimum_detectable_effect(enough - 1) > effect


def test_a_long_template_around_short_questions_makes_no_copies_of_them(prepare, write):
    template = " ".join(write(120))
    rows = [
        {"prompt": f"{template} {' '.join(write(12))}", "completion": f"x{number}"}
        for number in range(200)
    ]
    copies = [{**row, "prompt": f"{row['prompt']} please"} for row in rows[:20]]
    prepared = prepare("\n".join(map(json.dumps, rows + copies)).encode())

    assert prepared.findings["near-copies"].detail == (
        "20 records beyond the first of each, 2 alike"
    )
