"""Blind records that a training set knows."""

import csv
import io
from importlib.resources import files

import pytest

from bedrock_customization_runtime.datasets.record_formats.records import blind, exchange
from bedrock_customization_runtime.evaluation.contamination import contaminated

LONG = "please tell me how i may move the money on my old card to the new one before it expires"


@pytest.fixture(scope="module")
def questions():
    excerpt = files("bedrock_customization_local") / "demo_data" / "banking77_excerpt.csv"
    rows = csv.DictReader(io.StringIO(excerpt.read_text()))
    return [exchange("Sort.", row["text"], row["category"]) for row in rows]


def test_a_clean_training_set_knows_nothing(questions):
    distinct = list({blind(one).id: one for one in questions}.values())
    assert contaminated([blind(exchange("Sort.", LONG, "x"))], distinct) == 0


@pytest.mark.parametrize(
    "copy",
    [
        LONG,
        LONG.upper() + "!",
        LONG + " please",
        "hello " + LONG,
    ],
)
def test_copies_and_near_copies_are_found_whatever_their_answer(questions, copy):
    found = contaminated(
        [blind(exchange("Sort.", LONG, "x")), blind(exchange("Sort.", "something else", "x"))],
        [*questions[:100], exchange("Sort.", copy, "another answer")],
    )
    assert found == 1


def test_copies_within_the_blind_set_are_no_contamination(questions):
    twice = [blind(exchange("Sort.", LONG, "x")), blind(exchange("Sort.", LONG + " now", "x"))]
    assert contaminated(twice, questions[:100]) == 0


def test_each_blind_record_counts_once(questions):
    training = [exchange(None, LONG, "x"), exchange(None, LONG + " now", "x"), *questions[:50]]
    assert contaminated([blind(exchange(None, LONG, "x"))] * 2, training) == 2


@pytest.mark.parametrize("blind_set", [[], [blind(exchange(None, LONG, "x"))]])
def test_an_empty_side_has_no_copies(blind_set):
    assert contaminated(blind_set, []) == 0
