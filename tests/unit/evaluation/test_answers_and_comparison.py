import msgspec
import pytest
from hypothesis import given, strategies as st

from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import comparison, metrics
from bedrock_customization_runtime.evaluation.answers import Answer, pair, read_lines, write_lines

ids = st.lists(st.text(max_size=5), unique=True, max_size=8)


def answer(record, text="", error=None, latency=10, stop="end_turn"):
    return Answer(
        id=record,
        answer=text,
        input_tokens=7,
        output_tokens=3,
        latency_ms=latency,
        stop_reason=stop,
        error=error,
    )


def scored(*texts, references, error=None):
    answers = [
        answer(str(number), text, error=error if text is None else None)
        for number, text in enumerate(texts)
    ]
    return comparison.score("model-id", list(zip(references, answers, strict=True)))


def test_an_answer_is_one_line_with_an_error_only_where_there_is_one():
    lines = write_lines([answer("a", "x\ny"), answer("b", "", error="ValidationException")])

    first, second = lines.splitlines()
    assert msgspec.json.decode(first) == {
        "id": "a",
        "answer": "x\ny",
        "input_tokens": 7,
        "output_tokens": 3,
        "latency_ms": 10,
        "stop_reason": "end_turn",
    }
    assert msgspec.json.decode(second)["error"] == "ValidationException"


@given(texts=st.lists(st.text()))
def test_answers_are_read_as_they_were_written(texts):
    answers = [answer(str(number), text) for number, text in enumerate(texts)]

    assert list(read_lines("part", write_lines(answers).splitlines())) == answers


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b'{"id": "a"}', b"\xff", b'"\\ud800"', b"{"])
def test_a_line_that_is_no_answer_is_refused_by_its_number(line):
    good = write_lines([answer("a")]).strip()

    with pytest.raises(EvaluationFailed, match="line 2 of part-7 is not an answer"):
        list(read_lines("part-7", [good, line]))


@given(ids=ids, random=st.randoms())
def test_answers_pair_by_id_in_whatever_order_they_come(ids, random):
    answers = [answer(record, f"of {record}") for record in ids]
    random.shuffle(answers)

    paired = pair({record: f"to {record}" for record in ids}, answers, model="base")

    assert [(reference, given.answer) for reference, given in paired] == [
        (f"to {record}", f"of {record}") for record in ids
    ]


@given(ids=ids, missing=ids, unknown=ids, data=st.data())
def test_anything_but_one_answer_a_record_is_refused_with_counts(ids, missing, unknown, data):
    missing, unknown = set(missing) - set(ids), set(unknown) - set(ids) - set(missing)
    again = data.draw(st.lists(st.sampled_from(ids), max_size=5)) if ids else []
    references = dict.fromkeys([*ids, *sorted(missing)], "")
    answers = [answer(record) for record in [*ids, *again, *sorted(unknown)]]

    if not (missing or unknown or again):
        assert len(pair(references, answers, model="base")) == len(ids)
        return
    with pytest.raises(EvaluationFailed) as raised:
        pair(references, answers, model="base")
    assert (
        f"{len(missing)} missing, {len(again)} duplicate, {len(unknown)} of unknown records"
    ) in str(raised.value)


def test_the_primary_metric_comes_first_and_all_others_follow():
    scores = scored("yes", "no", references=["yes", "yes"])

    names = [metric.name for metric in comparison.compare("token_f1", scores, scores)]

    assert names == ["token_f1", "accuracy", "answered"]
    assert set(names) == set(metrics.METRICS)


def test_a_comparison_counts_wins_and_losses_by_record():
    references = ["a"] * 10
    base = scored(*"abbbbbbbba", references=references)
    tuned = scored(*"baaaaaaaaa", references=references)

    accuracy = comparison.compare("accuracy", base, tuned)[0]

    assert accuracy.records == 10
    assert (accuracy.baseline, accuracy.tuned) == (0.2, 0.9)
    assert accuracy.difference == pytest.approx(0.7)
    assert accuracy.p_value == pytest.approx(2 * (1 + 9) / 2**9)
    assert accuracy.interval[0] < 0.7 < accuracy.interval[1]
    assert "1 losses and 8 wins" in accuracy.method
    assert f"2,000 paired bootstrap draws (PCG64, seed {comparison.SEED})" in accuracy.method


def test_models_that_tie_on_every_record_get_bounds_and_no_draws():
    scores = scored("a", "a", references=["a", "b"])

    accuracy = comparison.compare("accuracy", scores, scores)[0]

    assert accuracy.difference == 0
    assert accuracy.interval == pytest.approx((-0.841886, 0.841886), abs=1e-6)
    assert accuracy.p_value == 1
    assert accuracy.method.endswith("Clopper-Pearson bounds, because all differences are equal")


def test_a_metric_between_0_and_1_is_tested_by_sign_flips():
    base = scored("a b", "c d", references=["a x", "c d"])
    tuned = scored("a x", "c d", references=["a x", "c d"])

    f1 = comparison.compare("token_f1", base, tuned)[0]

    assert f1.method.startswith("paired sign-flip permutation test")
    assert f1.difference == pytest.approx(0.25)
    assert f1.p_value == 1


def test_the_same_answers_give_the_same_figures():
    base = scored("a", "b c", "d", references=["a", "c", "e"])
    tuned = scored("a", "c", "e", references=["a", "c", "e"])

    assert comparison.compare("accuracy", base, tuned) == comparison.compare(
        "accuracy", base, tuned
    )


def test_a_question_a_model_could_not_answer_scores_0_by_every_metric():
    refused = answer("0", "a", error="ValidationException", latency=0, stop="error")
    scores = comparison.score("m", [("a", refused), ("a", answer("1", "a", latency=30))])

    assert scores.scores == {"accuracy": [0, 1], "token_f1": [0, 1], "answered": [0, 1]}
    assert scores.errors == {"ValidationException": 1}
    assert scores.stop_reasons == {"end_turn": 1, "error": 1}
    assert (scores.input_tokens, scores.output_tokens) == (14, 6)
    assert (scores.median_latency_ms, scores.slowest_latency_ms) == (30, 30)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.1])
def test_a_score_that_is_none_is_refused(value, monkeypatch):
    broken = metrics.Metric(
        name="broken", title="", meaning="", binary=False, score=lambda *_: value
    )
    monkeypatch.setitem(metrics.METRICS, "broken", broken)

    with pytest.raises(EvaluationFailed, match=r"metric broken gave .* for record 0"):
        scored("a", references=["a"])


def test_an_empty_blind_set_is_refused():
    with pytest.raises(EvaluationFailed, match="holds no records"):
        comparison.score("m", [])


def test_examples_name_losses_first_then_wins_and_no_more_than_ten_of_each():
    references = ["a"] * 30
    base = scored(*("a" * 15 + "b" * 15), references=references)
    tuned = scored(*("b" * 15 + "a" * 15), references=references)

    found = comparison.examples([str(number) for number in range(30)], base, tuned)

    assert [example.record for example in found] == [
        str(number) for number in [*range(10), *range(15, 25)]
    ]
    assert all(example.base_correct for example in found[:10])
    assert all(example.tuned_correct for example in found[10:])
