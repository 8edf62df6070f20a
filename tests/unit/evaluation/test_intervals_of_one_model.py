"""Intervals of one model's own figure."""

import math

import numpy as np
import pytest

from bedrock_customization_runtime.evaluation.intervals import value_interval
from bedrock_customization_runtime.evaluation.texts import averaged, mean


def mean_interval(scores, *, binary, seed):
    return value_interval(averaged(scores), mean, binary=binary, seed=seed)


def at_least(successes, count, share):
    return math.fsum(
        math.comb(count, k) * share**k * (1 - share) ** (count - k)
        for k in range(successes, count + 1)
    )


@pytest.mark.parametrize(
    ("successes", "count"), [(1, 2), (1, 20), (10, 20), (19, 20), (88, 103), (450, 500), (3, 500)]
)
def test_both_ends_of_an_interval_of_shares_leave_out_exactly_a_fortieth(successes, count):
    scores = [1.0] * successes + [0.0] * (count - successes)
    lower, upper = mean_interval(scores, binary=True, seed=1)
    assert lower < successes / count < upper
    assert at_least(successes, count, lower) == pytest.approx(0.025, rel=1e-9)
    assert 1 - at_least(successes + 1, count, upper) == pytest.approx(0.025, rel=1e-9)


def test_all_right_and_all_wrong_leave_room_for_what_was_not_seen():
    assert mean_interval([1.0] * 100, binary=True, seed=1) == (
        pytest.approx(0.025 ** (1 / 100), rel=1e-12),
        1.0,
    )
    assert mean_interval([0.0] * 100, binary=True, seed=1) == (
        0.0,
        pytest.approx(1 - 0.025 ** (1 / 100), rel=1e-12),
    )


def test_an_interval_of_other_scores_is_a_bootstrap_and_the_same_each_time():
    scores = list(np.random.default_rng(5).uniform(0.2, 0.9, 200))
    lower, upper = mean_interval(scores, binary=False, seed=1)
    error = np.std(scores) / math.sqrt(200)
    assert lower == pytest.approx(np.mean(scores) - 1.96 * error, abs=error / 3)
    assert upper == pytest.approx(np.mean(scores) + 1.96 * error, abs=error / 3)
    assert mean_interval(scores, binary=False, seed=1) == (lower, upper)


def test_scores_without_spread_leave_room_for_what_was_not_seen():
    lower, upper = mean_interval([0.5] * 50, binary=False, seed=1)
    assert 0.4 < lower < 0.5 < upper < 0.6
    assert mean_interval([1.0] * 50, binary=False, seed=1)[1] == 1.0
    assert mean_interval([0.0] * 50, binary=False, seed=1)[0] == 0.0


@pytest.mark.parametrize("scores", [[], [1.1], [-0.1], [math.nan]])
def test_what_is_no_score_is_refused(scores):
    with pytest.raises(ValueError, match="must"):
        mean_interval(scores, binary=False, seed=1)
