"""Which training records stand as examples before a question."""

import random

import pytest

from bedrock_customization_runtime.datasets.record_formats.records import blind, exchange
from bedrock_customization_runtime.datasets.training_cost import LONGEST_SHOT
from bedrock_customization_runtime.evaluation.few_shot import MAXIMUM, choose

LABELS = {"card": 50, "loan": 30, "rate": 20, "fees": 10}


def labelled(counts=None, system="Sort."):
    """Return questions of many lengths, each label as often as asked."""
    return [
        exchange(system, f"{label} question {'word ' * (number % 17)}{number}", label)
        for label, count in (counts or LABELS).items()
        for number in range(count)
    ]


def told(count=40):
    """Return questions whose answers are no labels, from short to long."""
    return [exchange(None, "why " * number, f"because of {number}") for number in range(1, count)]


def test_labels_take_turns_the_most_frequent_first():
    answers = [one.reference for one in choose(labelled(), count=6)]
    assert answers == ["card", "loan", "rate", "fees", "card", "loan"]


def test_the_example_of_a_label_is_of_ordinary_length():
    (chosen,) = choose(labelled({"card": 51}), count=1)
    lengths = sorted(len(one.messages[0].text) for one in labelled({"card": 51}))
    assert abs(len(chosen.messages[0].text) - lengths[25]) <= 1


def test_where_answers_are_no_labels_the_examples_are_spread_over_the_lengths():
    lengths = [len(one.messages[0].text.split()) for one in choose(told(), count=3)]
    assert lengths == [7, 20, 33]


@pytest.mark.parametrize("records", [labelled(), told()])
def test_neither_order_nor_repetition_of_records_decides(records):
    shuffled = [*records, *records[:10]]
    random.Random(1).shuffle(shuffled)
    assert choose(iter(shuffled), count=4) == choose(records, count=4)


def test_records_of_a_blind_set_and_records_give_the_same_examples():
    assert choose([blind(one) for one in told()], count=3) == choose(told(), count=3)


def test_of_a_large_set_a_sample_is_held_that_the_seed_decides():
    many = [
        exchange(None, f"{number} {'why ' * (number % 90)}", f"{number}") for number in range(5000)
    ]
    chosen = [choose(many, count=5, seed=seed) for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_what_no_prompt_can_hold_is_no_example():
    too_long = exchange(None, "word " * (LONGEST_SHOT + 1), "long")
    unanswered = exchange(None, "a question", " ")
    prompt = exchange(None, "a prompt", "x")
    prompt.messages.pop()
    assert choose([too_long, unanswered, prompt], count=3) == []


def test_examples_stand_under_one_system_prompt_the_most_frequent():
    records = [*labelled({"card": 5}, system="Rare."), *labelled({"loan": 9}, system="Sort.")]
    assert {one.system for one in choose(records, count=8)} == {"Sort."}


def test_there_are_no_more_examples_than_records():
    assert len(choose(told(3), count=MAXIMUM)) == 2
    assert choose([], count=3) == []
    assert choose(told(), count=0) == []


@pytest.mark.parametrize("count", [-1, MAXIMUM + 1])
def test_a_number_of_examples_out_of_range_is_refused(count):
    with pytest.raises(ValueError, match=f"count must be from 0 to {MAXIMUM}, got {count}"):
        choose(told(), count=count)
