"""What the gate asks of a judge's figures."""

import pytest

from bedrock_customization_runtime.evaluation.judge_verdicts import judge_verdicts
from bedrock_customization_runtime.manifest import JudgePreference, JudgeScore, JudgeSection


def figures(name="Correctness", interval=(0.01, 0.2), **more):
    return JudgeScore(
        **{
            "name": name,
            "records": 100,
            "base": 0.5,
            "candidate": 0.6,
            "difference": 0.1,
            "interval": interval,
            "p_value": 0.01,
            "method": "-",
        }
        | more
    )


def section(*scores, interval=None):
    preference = interval and JudgePreference(
        records=10,
        wins=6,
        losses=1,
        ties=3,
        disagreements=1,
        first_chosen=0.5,
        win_rate=0.75,
        interval=interval,
        p_value=0.1,
        method="-",
    )
    return JudgeSection(
        model="m", records=10, scores=list(scores), preference=preference, jobs=["a"]
    )


def test_nothing_is_asked_of_a_judge_unless_it_is():
    assert list(judge_verdicts(None, {})) == []
    assert list(judge_verdicts(section(figures()), {})) == []


@pytest.mark.parametrize(
    ("scores", "passed"),
    [
        ([figures()], [True]),
        ([figures(interval=(0.0, 0.2))], [False]),
        ([figures(interval=(float("nan"), float("nan")))], [False]),
        ([figures(), figures("Helpfulness", (-0.2, 0.1))], [True, True]),
        ([figures(), figures("Helpfulness", (-0.2, -0.1))], [True, False]),
        ([figures(), figures("Harmfulness", (0.1, 0.2), lower_is_better=True)], [True, False]),
        ([figures("Harmfulness", (-0.2, -0.1), lower_is_better=True)], [True]),
        ([], [False]),
    ],
)
def test_the_first_criterion_must_improve_and_no_other_fall(scores, passed):
    found = judge_verdicts(section(*scores), {"min_judge_improvement": 0.0})
    assert [verdict.passed for verdict in found] == passed


@pytest.mark.parametrize(
    ("interval", "passed"),
    [((0.51, 0.9), True), ((0.5, 0.9), False), ((float("nan"),) * 2, False), (None, False)],
)
def test_the_win_rate_must_surely_exceed_its_minimum(interval, passed):
    (verdict,) = judge_verdicts(section(interval=interval), {"min_judge_win_rate": 0.5})
    assert verdict.passed is passed
