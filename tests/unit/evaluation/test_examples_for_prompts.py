"""Which training records stand as examples in front of a question."""

from bedrock_customization_runtime.datasets.records import TestRecord, text_message
from bedrock_customization_runtime.evaluation.few_shot import choose

RECORDS = [
    TestRecord(
        id=f"r{number}",
        system=None,
        messages=[text_message("user", f"question {number}")],
        reference="rare" if number % 50 == 0 else f"often {number % 3}",
    )
    for number in range(200)
]


def test_the_same_records_in_any_order_give_the_same_examples():
    assert choose(RECORDS, count=4, seed=7) == choose(reversed(RECORDS), count=4, seed=7)
    assert choose(RECORDS, count=4, seed=7) != choose(RECORDS, count=4, seed=8)


def test_each_answer_comes_once_before_any_comes_twice():
    found = choose(RECORDS, count=8, seed=7)
    assert len({one.reference for one in found[:4]}) == 4
    assert len({one.id for one in found}) == 8


def test_records_without_an_answer_are_no_examples():
    asked = [TestRecord(id="a", system=None, messages=[], reference="")]
    assert choose(asked, count=4, seed=7) == []
    assert len(choose(RECORDS[:3], count=4, seed=7)) == 3
