"""What a gate asks of a candidate, and what it makes of figures that do not show it."""

import math

import numpy as np
import pytest

from bedrock_customization_runtime.evaluation.answers import Answer
from bedrock_customization_runtime.evaluation.comparison import compare, measure
from bedrock_customization_runtime.evaluation.metrics import METRICS
from bedrock_customization_runtime.manifest.evaluation import (
    EvaluationSection,
    MetricComparison,
    ModelFigures,
)
from bedrock_customization_runtime.promotion import gate

OPEN = {
    "min_improvement": 0.0,
    "significance": 0.05,
    "no_regression_on": [],
    "not_worse_than_live": True,
}


def comparison(lower=0.1, upper=0.3, **given):
    return MetricComparison(
        **{
            "name": "accuracy",
            "records": 100,
            "baseline": 0.5,
            "tuned": 0.5 + (lower + upper) / 2,
            "difference": (lower + upper) / 2,
            "interval": (lower, upper),
            "p_value": 0.001,
            "method": "as in a test",
            **given,
        }
    )


def of_slice(name, lower, upper, **given):
    return comparison(lower, upper, slice=name, records=20, **given)


def figures(name="tuned", **given):
    return ModelFigures(
        name=name,
        model_id="m",
        metrics={},
        input_tokens=1,
        output_tokens=1,
        median_latency_ms=1,
        slowest_latency_ms=1,
        **given,
    )


def evaluation(*metrics, **given):
    given = {"primary": "accuracy", "answers": [], **given}
    return EvaluationSection(metrics=list(metrics or [comparison()]), **given)


def refused(section, **rules):
    """Return rule, slice and reason of every verdict that refuses."""
    verdicts = gate.decide(section, {**OPEN, **rules})
    assert gate.passes(verdicts) == all(one.passed for one in verdicts)
    return [(one.rule, one.slice, one.reason) for one in verdicts if not one.passed]


def test_a_candidate_that_is_surely_better_passes_every_rule_that_has_a_say():
    verdicts = gate.decide(evaluation(), OPEN)
    assert gate.passes(verdicts)
    assert [one.rule for one in verdicts] == [
        "contamination",
        "min_improvement",
        "significance",
    ]


def test_a_verdict_has_its_figures():
    (one,) = [
        one
        for one in gate.decide(evaluation(), {**OPEN, "min_improvement": 0.05})
        if one.rule == "min_improvement"
    ]
    assert one.figures == {
        "difference": pytest.approx(0.2),
        "lower": 0.1,
        "upper": 0.3,
        "records": 100,
        "min_improvement": 0.05,
    }
    assert one.reason == (
        "accuracy improves by +10.0 to +30.0 points with 95 % confidence, where more than +5.0 are "
        "required"
    )


@pytest.mark.parametrize("lower", [0.0, -0.01])
def test_an_interval_that_touches_the_minimum_does_not_pass(lower):
    ((rule, _, reason),) = refused(evaluation(comparison(lower)))
    assert rule == "min_improvement"
    assert "does not surely improve enough" in reason


def test_a_difference_that_luck_explains_does_not_pass():
    ((rule, _, reason),) = refused(evaluation(comparison(p_value=0.03)), significance=0.01)
    assert rule == "significance"
    assert reason.endswith("p = 0.0300, where at most 0.01 is allowed")


def test_the_p_value_that_several_comparisons_were_corrected_for_counts():
    corrected = comparison(p_value=0.03, adjusted_p_value=0.06)
    assert [rule for rule, *_ in refused(evaluation(corrected))] == ["significance"]


def test_an_interval_decides_by_the_primary_metric_against_the_base_model():
    others = [
        comparison(-0.5, -0.4, name="token_f1"),
        comparison(-0.5, -0.4, against="few_shot"),
        comparison(),
    ]
    assert refused(evaluation(*others)) == []


def test_without_a_comparison_with_the_base_model_nothing_is_shown():
    ((rule, _, reason),) = refused(evaluation(comparison(against="few_shot")))
    assert rule == "min_improvement"
    assert "was not compared with the base model" in reason


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "field", ["difference", "baseline", "tuned", "p_value", "adjusted_p_value"]
)
def test_a_figure_that_is_not_finite_never_passes(field, figure):
    assert refused(evaluation(comparison(**{field: figure})))


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_an_interval_that_is_not_finite_never_passes(figure):
    for ends in ((figure, 0.9), (0.1, figure)):
        assert refused(evaluation(comparison(interval=ends)))
        assert refused(
            evaluation(slices=[of_slice("lang=de", 0.1, 0.2, interval=ends)]),
            no_regression_on=["lang"],
        )
        assert refused(evaluation(comparison(), comparison(against="live", interval=ends)))


def test_what_is_better_overall_but_worse_on_a_protected_slice_is_refused_with_that_reason():
    section = evaluation(
        slices=[of_slice("lang=en", 0.2, 0.4), of_slice("lang=de", -0.4, -0.1)],
    )
    assert refused(section) == []
    ((rule, where, reason),) = refused(section, no_regression_on=["lang"])
    assert (rule, where) == ("no_regression_on", "lang=de")
    assert reason == (
        "accuracy on the protected slice lang=de is surely worse: \N{MINUS SIGN}40.0 to "
        "\N{MINUS SIGN}10.0 points with 95 % confidence on 20 records"
    )


def test_a_slice_that_may_be_worse_by_luck_passes():
    section = evaluation(slices=[of_slice("lang=de", -0.2, 0.0)])
    assert refused(section, no_regression_on=["lang=de"]) == []


def test_a_value_of_a_column_can_be_protected_alone():
    section = evaluation(slices=[of_slice("lang=en", -0.4, -0.1), of_slice("lang=de", 0, 0.1)])
    assert refused(section, no_regression_on=["lang=de"]) == []
    assert refused(section, no_regression_on=["lang=en"])


@pytest.mark.parametrize("name", ["language", "lang=fr", "lan", "lang=d"])
def test_a_protected_slice_without_records_is_not_shown_to_be_safe(name):
    section = evaluation(slices=[of_slice("lang=de", 0.1, 0.2)])
    ((rule, where, reason),) = refused(section, no_regression_on=[name])
    assert (rule, where) == ("no_regression_on", name)
    assert reason == (f"too few blind records, or none, are of the protected slice {name}")


def test_answers_above_the_limit_of_their_costs_do_not_pass():
    section = evaluation(models=[figures("base", usd_per_1k=9), figures(usd_per_1k=2.5)])
    assert refused(section) == []
    assert refused(section, max_usd_per_1k=2.5) == []
    ((rule, _, reason),) = refused(section, max_usd_per_1k=2.4)
    assert rule == "max_usd_per_1k"
    assert reason == (
        "1,000 answers of the tuned model cost $2.50, where at most $2.40 are allowed"
    )


@pytest.mark.parametrize("models", [[], [figures()], [figures(usd_per_1k=math.nan)]])
def test_answers_whose_costs_nobody_knows_do_not_pass(models):
    ((rule, _, reason),) = refused(evaluation(models=models), max_usd_per_1k=1)
    assert rule == "max_usd_per_1k"
    assert "is not known" in reason


@pytest.mark.parametrize(("difference", "passes"), [(0.01, True), (0.0, True), (-0.01, False)])
def test_a_candidate_must_score_what_the_live_model_scores(difference, passes):
    section = evaluation(comparison(), comparison(-0.2, 0.2, against="live", difference=difference))
    assert (refused(section) == []) is passes
    assert refused(section, not_worse_than_live=False) == []


def test_a_live_model_that_answered_but_was_not_compared_shows_nothing():
    ((rule, *_),) = refused(evaluation(models=[figures("live")]))
    assert rule == "not_worse_than_live"


def test_blind_records_that_were_trained_on_refuse():
    ((rule, _, reason),) = refused(evaluation(contaminated=3))
    assert rule == "contamination"
    assert reason.startswith("3 blind records are also in the training set")


def measured(right):
    """Return a model that answers so."""
    answers = [
        Answer(
            id=str(number),
            answer="yes" if one else "no",
            input_tokens=1,
            output_tokens=1,
            latency_ms=1,
            stop_reason="end_turn",
        )
        for number, one in enumerate(right)
    ]
    return measure("m", [("yes", one) for one in answers], [METRICS["accuracy"]])


@pytest.mark.parametrize("records", [20, 100, 400])
def test_a_candidate_that_is_equal_is_refused_in_95_of_100_runs(records):
    passed = 0
    for seed in range(100):
        chance = np.random.default_rng([records, seed])
        # Both know the same 60 %, and each guesses the rest for itself.
        known = chance.random(records) < 0.6
        base, tuned = (known | (chance.random(records) < 0.5) for _ in range(2))
        models = {"base": measured(base), "tuned": measured(tuned)}
        section = evaluation(*compare([METRICS["accuracy"]], models))
        passed += refused(section) == []
    assert passed <= 5
