import statistics

import msgspec
import pytest
from hypothesis import given, strategies as st

from bedrock_customization_runtime.datasets import power
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import comparison, extraction, metrics
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


def measured(*texts, references, by=("accuracy", "token_f1", "answered")):
    answers = [answer(str(number), text) for number, text in enumerate(texts)]
    return comparison.measure(
        "model-id", list(zip(references, answers, strict=True)), list(map(metrics.metric_of, by))
    )


def compared(base, candidate, by=("accuracy", "token_f1", "answered"), **others):
    return comparison.compare(
        list(map(metrics.metric_of, by)), {"base": base, "candidate": candidate, **others}
    )


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


def test_a_comparison_counts_wins_and_losses_by_record():
    references = ["a"] * 10
    base = measured(*"abbbbbbbba", references=references)
    candidate = measured(*"baaaaaaaaa", references=references)

    accuracy = compared(base, candidate)[0]

    assert accuracy.records == 10
    assert accuracy.against == "base"
    assert (accuracy.other, accuracy.candidate) == (0.2, 0.9)
    assert accuracy.difference == pytest.approx(0.7)
    assert accuracy.p_value == pytest.approx(2 * (1 + 9) / 2**9)
    assert accuracy.adjusted_p_value is None
    assert accuracy.effect_size == pytest.approx(0.7 / statistics.stdev([-1, *[1] * 8, 0]))
    assert accuracy.interval[0] < 0.7 < accuracy.interval[1]
    assert "1 losses and 8 wins" in accuracy.method
    assert f"2,000 paired bootstrap draws (PCG64, seed {comparison.SEED})" in accuracy.method


def test_models_that_tie_on_every_record_get_bounds_and_no_draws():
    scores = measured("a", "a", references=["a", "b"])

    accuracy = compared(scores, scores)[0]

    assert accuracy.difference == 0
    assert accuracy.interval == pytest.approx((-0.841886, 0.841886), abs=1e-6)
    assert accuracy.p_value == 1
    assert accuracy.effect_size is None
    assert accuracy.method.endswith("Clopper-Pearson bounds, because all draws differ alike")


def test_a_metric_between_0_and_1_is_tested_by_swaps():
    base = measured("a b", "c d", references=["a x", "c d"])
    candidate = measured("a x", "c d", references=["a x", "c d"])

    f1 = compared(base, candidate)[1]

    assert f1.method.startswith("paired permutation test")
    assert f1.difference == pytest.approx(0.25)
    assert f1.p_value == 1


def test_an_interval_holds_0_where_the_test_does_not_reject_it():
    # Four wins and no loss: the bootstrap alone would be sure, the exact test is not.
    base = measured(*"bbbb", *"a" * 46, references=["a"] * 50)
    candidate = measured(*"a" * 50, references=["a"] * 50)

    accuracy = compared(base, candidate)[0]

    assert accuracy.p_value == 0.125
    assert accuracy.interval[0] == 0 < accuracy.interval[1]


def test_the_same_answers_give_the_same_figures():
    base = measured("a", "b c", "d", references=["a", "c", "e"])
    candidate = measured("a", "c", "e", references=["a", "c", "e"])

    assert compared(base, candidate) == compared(base, candidate)


def test_the_candidate_is_compared_with_all_others_and_p_values_are_adjusted_by_metric():
    references = ["a"] * 12
    candidate = measured(*"aaaaaaaaaaaa", references=references)
    base = measured(*"bbbbbbbbbbbb", references=references)
    live = measured(*"aaaaabbbbbbb", references=references)

    found = compared(base, candidate, live=live)

    assert [(one.name, one.against) for one in found] == [
        (name, against)
        for against in ("base", "live")
        for name in ("accuracy", "token_f1", "answered")
    ]
    against_base, against_live = found[0], found[3]
    assert against_base.adjusted_p_value == pytest.approx(2 * against_base.p_value)
    assert against_live.adjusted_p_value == against_live.p_value == pytest.approx(2 / 2**7)


def test_a_score_of_a_whole_corpus_is_compared_like_a_mean():
    references = ["the quick brown fox jumps", "over the lazy old dog"] * 10
    base = measured(*["the quick fox", "over a dog"] * 10, references=references, by=["bleu"])
    candidate = measured(*references, references=references, by=["bleu"])

    bleu = compared(base, candidate, by=["bleu"])[0]

    assert bleu.candidate == pytest.approx(1)
    assert bleu.other == pytest.approx(float(base.value(metrics.metric_of("bleu"))))
    assert 0 < bleu.interval[0] <= bleu.difference <= bleu.interval[1] <= 1
    assert bleu.p_value == pytest.approx(1e-4)


def test_slices_are_compared_apart_the_largest_first_and_small_ones_left_out():
    languages = ["de"] * 40 + ["fr"] * 25 + ["it"] * 5
    references = ["a"] * 70
    base = measured(*"b" * 40, *"a" * 25, *"a" * 5, references=references)
    candidate = measured(*"a" * 40, *"b" * 25, *"a" * 5, references=references)

    found = comparison.compare_slices(
        metrics.metric_of("accuracy"),
        {"base": base, "candidate": candidate},
        [{"language": one, "all": "yes"} for one in languages],
    )

    assert [(one.slice, one.records) for one in found] == [
        ("all=yes", 70),
        ("language=de", 40),
        ("language=fr", 25),
    ]
    assert [one.difference for one in found[1:]] == [1, -1]
    assert found[2].interval[1] < 0
    assert found[2].adjusted_p_value >= found[2].p_value > 0


def test_no_more_slices_are_reported_than_anybody_reads():
    count = (comparison.SLICES + 5) * comparison.SLICE_RECORDS
    one = measured(*"a" * count, references=["a"] * count)
    slices = [{"n": str(number // comparison.SLICE_RECORDS)} for number in range(count)]

    found = comparison.compare_slices(
        metrics.metric_of("accuracy"), {"base": one, "candidate": one}, slices
    )

    assert len(found) == comparison.SLICES


def test_the_smallest_difference_that_shows_follows_from_how_the_answers_differ():
    accuracy = metrics.metric_of("accuracy")
    base = measured(*"ab" * 50, references=["a"] * 100)
    candidate = measured(*"ba" * 50, references=["a"] * 100)
    effect = comparison.minimum_detectable_effect(accuracy, {"base": base, "candidate": candidate})
    assert effect == pytest.approx(2.8016 * statistics.stdev([1, -1] * 50) / 10, rel=1e-4)
    same = comparison.minimum_detectable_effect(accuracy, {"base": base, "candidate": base})
    assert same == power.minimum_detectable_effect(100)


def test_a_question_a_model_could_not_answer_scores_0_by_every_metric():
    refused = answer("0", "a", error="ValidationException", latency=0, stop="error")
    withheld = answer("2", "Sorry", latency=50, stop="guardrail_intervened")
    found = comparison.measure(
        "m",
        [("a", refused), ("a", answer("1", "a", latency=30)), ("a", withheld)],
        [metrics.metric_of("accuracy"), metrics.metric_of("answered")],
    ).scores

    assert found.scores == {"accuracy": [0, 1, 0], "answered": [0, 1, 1]}
    assert found.errors == {"ValidationException": 1}
    assert found.refusals == 1
    assert found.stop_reasons == {"end_turn": 1, "error": 1, "guardrail_intervened": 1}
    assert (found.input_tokens, found.output_tokens) == (21, 9)
    assert (found.median_latency_ms, found.slowest_latency_ms) == (40, 50)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.1])
def test_a_score_that_is_none_is_refused(value):
    broken = metrics.Metric(
        name="broken",
        title="",
        meaning="",
        tasks=frozenset(),
        measure=extraction.each(lambda *_: value),
    )

    with pytest.raises(EvaluationFailed, match=r"metric broken gave .* for record 0"):
        comparison.measure("m", [("a", answer("0", "a"))], [broken])


def test_an_empty_blind_set_is_refused():
    with pytest.raises(EvaluationFailed, match="holds no records"):
        comparison.measure("m", [], [])


def test_examples_name_losses_first_then_wins_and_no_more_than_ten_of_each():
    references = ["a"] * 30
    base = measured(*("a" * 15 + "b" * 15), references=references)
    candidate = measured(*("b" * 15 + "a" * 15), references=references)

    found = comparison.examples(
        [metrics.metric_of("token_f1"), metrics.metric_of("accuracy")],
        {"base": base, "candidate": candidate},
    )

    assert [example.record for example in found] == [
        str(number) for number in [*range(10), *range(15, 25)]
    ]
    assert all(example.base_correct for example in found[:10])
    assert all(example.candidate_correct for example in found[10:])
