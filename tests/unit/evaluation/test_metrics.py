import unicodedata

import pytest
from hypothesis import given, strategies as st

from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation.metrics import METRICS, metric_of, normalise

texts = st.text(max_size=40)

# One row a metric and case; a metric without a row fails the test below.
CASES = [
    ("accuracy", "Refund", " refund\n", 1),
    ("accuracy", "Straße", "STRASSE", 1),
    ("accuracy", "café", "cafe\u0301", 1),
    ("accuracy", "refund", "refund.", 0),
    ("accuracy", "refund", "", 0),
    ("token_f1", "the red car", "Car, red: THE", 1),
    ("token_f1", "the red car", "the blue car", 2 / 3),
    ("token_f1", "a a b", "a b b", 2 / 3),
    ("token_f1", "one", "one two three", 1 / 2),
    ("token_f1", "one", "two", 0),
    ("token_f1", "one", "", 0),
    ("token_f1", "!", "!", 1),
    ("token_f1", "!", "?", 0),
    ("token_f1", "東京都", "京都", 4 / 5),
    ("answered", "anything", "I do not know", 1),
    ("answered", "anything", " \n", 0),
]


@pytest.mark.parametrize(("name", "reference", "answer", "expected"), CASES)
def test_a_metric_scores_an_answer_as_worked_out_by_hand(name, reference, answer, expected):
    assert metric_of(name).score(reference, answer) == pytest.approx(expected, abs=1e-15)


def test_every_metric_is_worked_out_by_hand_somewhere():
    assert {name for name, *_ in CASES} == set(METRICS)


def test_a_metric_is_found_under_the_name_it_bears():
    assert all(name == metric.name for name, metric in METRICS.items())


def test_an_unknown_metric_is_refused_with_those_that_exist():
    with pytest.raises(EvaluationFailed, match="one of accuracy, token_f1, answered, got 'bleu'"):
        metric_of("bleu")


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@given(reference=texts, answer=texts)
def test_every_score_lies_between_0_and_1_and_binary_ones_at_an_end(metric, reference, answer):
    score = metric.score(reference, answer)

    assert 0 <= score <= 1
    assert not metric.binary or score in {0, 1}


@pytest.mark.parametrize("name", ["accuracy", "token_f1"])
@given(text=texts)
def test_the_reference_itself_is_a_perfect_answer(name, text):
    assert metric_of(name).score(text, text) == 1


@given(first=texts, second=texts)
def test_token_f1_does_not_care_which_text_is_the_reference(first, second):
    score = metric_of("token_f1").score

    assert score(first, second) == score(second, first)


@given(text=texts)
def test_normal_forms_and_outer_spaces_make_no_difference(text):
    for form in ("NFC", "NFD"):
        assert normalise(f"\t{unicodedata.normalize(form, text)} ") == normalise(text)
