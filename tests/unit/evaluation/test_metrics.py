import unicodedata

import pytest
from hypothesis import given, strategies as st

from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import metrics
from bedrock_customization_runtime.evaluation.metrics import METRICS, Task, metric_of
from bedrock_customization_runtime.evaluation.texts import Texts
from bedrock_customization_runtime.grading.equality import normalise

texts = st.text(max_size=40)


def score(name, reference, answer):
    """Return what a record alone scores."""
    metric = metric_of(name)
    told = Texts(ids=["r"], references=[reference], answers=[answer])
    return float(metric.value(metric.measure(told))[0])


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
    ("macro_f1", "refund", "Refund", 1),
    ("macro_f1", "refund", "delivery", 0),
    ("json_equality", '{"a": 1, "b": [2]}', '{"b":[2.0],"a":1}', 1),
    ("json_equality", '{"a": 1}', '{"a": "1"}', 0),
    ("json_equality", '{"a": 1}', "a is 1", 0),
    ("sql_equality", "SELECT a FROM t WHERE x AND y", "select a from T where y and x;", 1),
    ("sql_equality", "SELECT a FROM t", "SELECT b FROM t", 0),
    ("sql_equality", "SELECT a FROM t", "I do not know", 0),
    ("rouge_1", "the red car", "a red car", 2 / 3),
    ("rouge_2", "the red car", "a red car", 1 / 2),
    ("rouge_l", "the red old car", "the car red", 4 / 7),
    ("rouge_1", "東京", "東京", 0),
    ("bleu", "a b c d", "a b c d", 1),
    ("bleu", "a b c d e", "a b c d", 0.778800783),
    ("bleu", "a b c", "a b c", 0),
    ("chrf", "abc", "abc", 1),
    ("chrf", "ab", "ac", 0.25),
    ("chrf", "東京都", "東京都", 1),
    ("chrf", "a", "", 0),
]


@pytest.mark.parametrize(("name", "reference", "answer", "expected"), CASES)
def test_a_metric_scores_an_answer_as_worked_out_by_hand(name, reference, answer, expected):
    assert score(name, reference, answer) == pytest.approx(expected, abs=1e-9)


def test_every_metric_is_worked_out_by_hand_somewhere():
    # On a database, which has tests of its own.
    assert {name for name, *_ in CASES} == set(METRICS) - {"execution_accuracy"}


def test_a_metric_is_found_under_the_name_it_bears():
    assert all(name == metric.name for name, metric in METRICS.items())


def test_an_unknown_metric_is_refused_with_those_that_exist():
    with pytest.raises(EvaluationFailed, match=r"one of accuracy, .* answered, got 'meteor'"):
        metric_of("meteor")


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"execution_accuracy"}))
@given(reference=texts, answer=texts)
def test_every_score_lies_between_0_and_1_and_binary_ones_at_an_end(name, reference, answer):
    found = score(name, reference, answer)

    assert 0 <= found <= 1 + 1e-12
    assert not metric_of(name).binary or found in {0, 1}


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"execution_accuracy"}))
def test_a_question_that_a_model_could_not_answer_scores_0(name):
    assert score(name, "", None) == 0
    assert score(name, "a b c d e f", None) == 0


LABELS = ["yes", "no"] * 3
JSON = ['{"a": 1}', "[2]", ' {"b": {}} ']
PROSE = ["It rains.", "Nobody knows why.", "[sic]"]


@pytest.mark.parametrize(
    ("primary", "references", "task"),
    [
        ("accuracy", LABELS, Task.CLASSIFICATION),
        ("accuracy", JSON, Task.EXTRACTION),
        ("token_f1", PROSE, Task.GENERATION),
        ("answered", PROSE, Task.GENERATION),
        ("bleu", LABELS, Task.GENERATION),
        ("sql_equality", PROSE, Task.TEXT_TO_SQL),
    ],
)
def test_the_task_follows_from_the_primary_metric_or_else_from_what_is_wanted(
    primary, references, task
):
    assert metrics.task_of(metric_of(primary), references) is task


@pytest.mark.parametrize(
    ("task", "names"),
    [
        (Task.CLASSIFICATION, ["accuracy", "macro_f1", "answered"]),
        (Task.EXTRACTION, ["accuracy", "json_equality", "token_f1", "answered"]),
        (Task.TEXT_TO_SQL, ["accuracy", "sql_equality", "answered"]),
        (
            Task.GENERATION,
            ["accuracy", "token_f1", "rouge_1", "rouge_2", "rouge_l", "bleu", "chrf", "answered"],
        ),
    ],
)
def test_only_metrics_that_fit_the_task_are_computed(task, names):
    assert [one.name for one in metrics.chosen(metric_of("accuracy"), task)] == names


def test_the_primary_metric_is_computed_first_whether_it_fits_or_not():
    found = metrics.chosen(metric_of("bleu"), Task.CLASSIFICATION)
    assert [one.name for one in found] == ["bleu", "accuracy", "macro_f1", "answered"]


def test_answers_of_another_form_than_the_references_are_counted():
    answers = ['{"a": 2}', "it is 2", None]
    told = Texts(ids=list("abc"), references=JSON, answers=answers)
    assert metrics.format_failures(Task.EXTRACTION, told) == 1
    assert metrics.format_failures(Task.GENERATION, told) == 0
    told = Texts(ids=list("ab"), references=["SELECT 1"] * 2, answers=["SELECT 2", "Sorry, no."])
    assert metrics.format_failures(Task.TEXT_TO_SQL, told) == 1


def test_macro_f1_of_texts_that_are_no_labels_is_refused():
    many = [f"text {number}" for number in range(101)]
    with pytest.raises(EvaluationFailed, match="macro_f1 compares labels"):
        metric_of("macro_f1").measure(Texts(ids=many, references=many, answers=many))


@pytest.mark.parametrize("name", ["accuracy", "token_f1"])
@given(text=texts)
def test_the_reference_itself_is_a_perfect_answer(name, text):
    assert score(name, text, text) == 1


@given(first=texts, second=texts)
def test_token_f1_does_not_care_which_text_is_the_reference(first, second):
    assert score("token_f1", first, second) == score("token_f1", second, first)


@given(text=texts)
def test_normal_forms_and_outer_spaces_make_no_difference(text):
    for form in ("NFC", "NFD"):
        assert normalise(f"\t{unicodedata.normalize(form, text)} ") == normalise(text)
