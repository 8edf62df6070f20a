"""Batches as Bedrock sends them: every sample gets an answer, whatever is wrong with another."""

import json

import pytest
from hypothesis import given
from hypothesis.strategies import (
    booleans,
    dictionaries,
    floats,
    integers,
    lists,
    none,
    recursive,
    sampled_from,
    text,
)

from bedrock_customization_runtime.errors import InvalidInput
from bedrock_customization_runtime.handlers import grade_answers

EXACT = '{"name": "exact_match"}'


@pytest.fixture
def grade(monkeypatch):
    """Send a batch to the handler."""

    def send(event, reward=EXACT):
        monkeypatch.setenv("BEDROCK_CUSTOMIZATION_REWARD", reward)
        return grade_answers.handler(event, None)

    return send


def sample(answer="yes", *, id="1", role="assistant", **given):
    return {
        "id": id,
        "messages": [{"role": "user", "content": "Well?"}, {"role": role, "content": answer}],
        **(given or {"metadata": {"reference_answer": "yes"}}),
    }


def metrics_of(result):
    return {(metric["name"], metric["type"]): metric["value"] for metric in result["metrics_list"]}


def test_rewards_come_back_with_their_ids_in_their_order(grade):
    results = grade([sample(id="b"), sample("no", id="a"), sample(id="c")])
    assert [(one["id"], one["aggregate_reward_score"]) for one in results] == [
        ("b", 1.0),
        ("a", 0.0),
        ("c", 1.0),
    ]
    assert results[0]["metrics_list"] == [
        {"name": "exact_match", "value": 1.0, "type": "Reward"},
        {"name": "graded", "value": 1.0, "type": "Metric"},
    ]


@pytest.mark.parametrize(
    "one",
    [
        sample(reference_answer="yes"),
        sample(metadata={"reference_answer": "yes"}, reference_answer="no"),
        sample(metadata={"other": 1}, reference_answer="yes"),
        sample(role="nova_assistant"),
        sample([{"text": "ye"}, {"text": "s"}]),
        sample([{"type": "text", "text": "yes"}]),
        sample([{"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "yes"}]),
    ],
)
def test_every_documented_shape_is_understood(grade, one):
    assert grade([one])[0]["aggregate_reward_score"] == 1.0


@pytest.mark.parametrize(
    ("bad", "name"),
    [
        (None, "item_invalid"),
        ("text", "item_invalid"),
        ({"id": "1"}, "item_invalid"),
        ({"id": "1", "messages": []}, "item_invalid"),
        ({"id": "1", "messages": "yes"}, "item_invalid"),
        (sample(role="user"), "answer_missing"),
        (sample(None), "answer_missing"),
        ({"id": "1", "messages": ["yes"]}, "answer_missing"),
        (sample(metadata={}), "reference_missing"),
        (sample(metadata=None), "reference_missing"),
        (sample(metadata={"reference_answer": []}), "reference_unreadable"),
    ],
)
def test_a_bad_sample_earns_nothing_says_why_and_spoils_no_other(grade, bad, name):
    good, found, other = grade([sample(), bad, sample()])
    assert good["aggregate_reward_score"] == other["aggregate_reward_score"] == 1.0
    assert found["aggregate_reward_score"] == 0.0
    assert metrics_of(found) == {
        ("exact_match", "Reward"): 0.0,
        ("graded", "Metric"): 0.0,
        (name, "Metric"): 1.0,
    }


def test_a_fault_of_the_grader_itself_costs_one_reward(grade, monkeypatch):
    def broken(text):
        return 1 / len(text)

    monkeypatch.setattr("bedrock_customization_runtime.grading.equality.normalise", broken)
    good, bad = grade([sample(), sample("")])
    assert good["aggregate_reward_score"] == 1.0
    assert metrics_of(bad)["grading_failed", "Metric"] == 1.0


json_values = recursive(
    none() | booleans() | integers() | floats(allow_nan=False) | text(max_size=8),
    lambda inner: lists(inner, max_size=3) | dictionaries(text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
REWARDS = [
    EXACT,
    '{"name": "json_equality"}',
    '{"name": "numeric_tolerance", "absolute": 0.1, "relative": 0}',
    '{"name": "sql_equality", "dialect": "sqlite"}',
    '{"name": "regular_expression", "pattern": "a|b"}',
]


@given(reward=sampled_from(REWARDS), content=json_values, reference=json_values, odd=json_values)
def test_whatever_comes_is_answered_once_and_with_a_reward_from_0_to_1(
    reward, content, reference, odd
):
    event = [sample(content, metadata={"reference_answer": reference}), odd]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDROCK_CUSTOMIZATION_REWARD", reward)
        results = grade_answers.handler(event, None)
    assert len(results) == 2
    assert results[0]["id"] == "1"
    for result in json.loads(json.dumps(results)):
        assert 0 <= result["aggregate_reward_score"] <= 1
        assert "grading_failed" not in str(result)


def test_an_event_that_is_no_batch_is_refused(grade):
    with pytest.raises(InvalidInput, match="must be a list of samples, got dict"):
        grade({"id": "1"})


def test_an_empty_batch_is_answered_with_an_empty_one(grade):
    assert grade([]) == []
