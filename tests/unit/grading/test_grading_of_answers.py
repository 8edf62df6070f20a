"""Ways to grade without a model: what earns a reward, and what does not."""

import logging

import pytest
from sqlglot.dialects.dialect import Dialects

from bedrock_customization_runtime.contract.grading import NotGraded, SqlDialect
from bedrock_customization_runtime.errors import InvalidInput
from bedrock_customization_runtime.grading.samples import NotGradedError, Sample
from bedrock_customization_runtime.grading.scoring import scorer_of

CENT = {"name": "numeric_tolerance", "absolute": 0.01, "relative": 0.0}
PERCENT = {"name": "numeric_tolerance", "absolute": 0.0, "relative": 0.01}
POSTGRES = {"name": "sql_equality", "dialect": "postgres"}
EXACT, JSON = {"name": "exact_match"}, {"name": "json_equality"}


def reward(how, answer, reference="anything"):
    return scorer_of(how)(Sample([], answer, reference))


def reason(how, answer, reference="anything"):
    with pytest.raises(NotGradedError) as raised:
        reward(how, answer, reference)
    return raised.value.reason


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("card_arrival", "card_arrival", 1),
        (" Card_Arrival\n", "card_arrival", 1),
        ("it is card_arrival", "card_arrival", 0),
        ("", "card_arrival", 0),
        ("42", 42, 1),
        ("True", True, 1),
    ],
)
def test_an_exact_match_is_the_accuracy_of_the_evaluation(answer, reference, expected):
    assert reward(EXACT, answer, reference) == expected


def test_an_object_is_no_text_to_match():
    assert reason(EXACT, "{}", {}) is NotGraded.REFERENCE_UNREADABLE
    assert reason(EXACT, "a", None) is NotGraded.REFERENCE_MISSING


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ('{"b": [1, 2], "a": null}', '{"a": null, "b": [1, 2]}', 1),
        ('{"b": [1, 2], "a": null}', {"a": None, "b": [1, 2]}, 1),
        ('{"b": [2, 1], "a": null}', {"a": None, "b": [1, 2]}, 0),
        ('{"a": 1.0}', {"a": 1}, 1),
        ('{"a": true}', {"a": 1}, 0),
        ('{"a": 1}', {"a": True}, 0),
        ('{"a": "1"}', {"a": 1}, 0),
        ('{"a": 1, "b": 2}', {"a": 1}, 0),
        ("[]", {}, 0),
        ('"yes"', '"yes"', 1),
        ("null", "null", 1),
    ],
)
def test_json_is_equal_whatever_the_order_of_its_keys(answer, reference, expected):
    assert reward(JSON, answer, reference) == expected


@pytest.mark.parametrize("answer", ["", "{", "```json\n{}\n```", "NaN", "[" * 100_000, "{'a': 1}"])
def test_what_is_no_json_earns_nothing_and_says_so(answer):
    assert reason(JSON, answer, {}) is NotGraded.ANSWER_UNREADABLE


def test_a_reference_that_is_no_json_is_not_the_models_fault():
    assert reason(JSON, "{}", "not json") is NotGraded.REFERENCE_UNREADABLE
    assert reason(JSON, "{}", None) is NotGraded.REFERENCE_MISSING


@pytest.mark.parametrize(
    ("how", "answer", "reference", "expected"),
    [
        (CENT, "It costs 1.01", 1, 1),
        (CENT, "It costs 1.011", 1, 0),
        (CENT, "1,234.5 EUR", "1234.50", 1),
        (CENT, "first 3, then 4: 7", "#### 7", 1),
        (CENT, "7 in Q3", 7, 1),
        (CENT, "-7", "7", 0),
        (CENT, "\u22127", "-7", 1),
        (CENT, "1.5e3", 1500, 1),
        (PERCENT, "101", 100, 1),
        (PERCENT, "101.1", 100, 0),
        (PERCENT, "-99", -100, 1),
        (PERCENT, "0.001", 0, 0),
    ],
)
def test_the_last_number_of_an_answer_may_be_so_far_from_the_reference(
    how, answer, reference, expected
):
    assert reward(how, answer, reference) == expected


@pytest.mark.parametrize("answer", ["", "none", "1e99999", "9" * 101, "v1x"])
def test_an_answer_without_a_number_earns_nothing_and_says_so(answer):
    assert reason(CENT, answer, 1) is NotGraded.ANSWER_UNREADABLE


def test_a_reference_without_a_number_is_not_the_models_fault():
    assert reason(CENT, "1", "one") is NotGraded.REFERENCE_UNREADABLE


QUERY = "SELECT name, age FROM people WHERE age > 30 AND city = 'Bonn'"


@pytest.mark.parametrize(
    "same",
    [
        QUERY + ";",
        "select NAME, age\nfrom People -- all of them\nwhere AGE>30 and city='Bonn'",
        "SELECT name, age FROM people WHERE city = 'Bonn' AND age > 30",
        "SELECT name, age FROM people WHERE (age > 30) AND (city = 'Bonn')",
    ],
)
def test_the_same_statement_written_differently_earns_the_reward(same):
    assert reward(POSTGRES, same, QUERY) == 1


@pytest.mark.parametrize(
    "other",
    [
        QUERY.replace("30", "31"),
        QUERY.replace("Bonn", "bonn"),
        QUERY.replace("name, age", "age, name"),
        QUERY.replace("people", '"People"'),
        QUERY.replace(" AND ", " OR "),
    ],
)
def test_another_statement_earns_nothing(other):
    assert reward(POSTGRES, other, QUERY) == 0


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "-- nothing",
        "I would write SELECT 1",
        "SELECT 1; DROP TABLE people",
        "SELECT 'open",
        "EXPLAIN something odd",
        "SELECT " + "(" * 20_000,
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + " + ".join("a" * 1001),
    ],
)
def test_what_is_no_single_statement_earns_nothing_and_is_never_logged(answer, caplog):
    caplog.set_level(logging.DEBUG)
    assert reason(POSTGRES, answer, QUERY) is NotGraded.ANSWER_UNREADABLE
    assert caplog.records == []


def test_dialects_of_sql_are_sqlglots():
    assert {dialect.value for dialect in SqlDialect} <= {one.value for one in Dialects}


def pattern(text):
    return {"name": "regular_expression", "pattern": text}


def test_a_pattern_that_is_found_earns_the_reward():
    assert reward(pattern(r"^\d{3}-\d{4}$"), "555-1234") == 1
    assert reward(pattern(r"^\d{3}-\d{4}$"), "call 555-1234") == 0
    assert reward(pattern("(?i)straße"), "Die STRASSE, die Straße") == 1


def test_a_pattern_that_backtracks_elsewhere_takes_no_time():
    # Python's own `re` would need some 2 ** 50_000 steps.
    assert reward(pattern("(a+)+$"), "a" * 50_000 + "b") == 0


@pytest.mark.parametrize("text", ["(", r"(a)\1", "a(?=b)", "(?<!a)b"])
def test_a_pattern_that_re2_does_not_take_is_refused(text):
    with pytest.raises(InvalidInput, match="not in RE2's syntax"):
        scorer_of(pattern(text))


def test_a_reward_of_another_version_is_refused():
    with pytest.raises(InvalidInput, match="no reward is called vibes: deploy the grader again"):
        scorer_of({"name": "vibes"})
