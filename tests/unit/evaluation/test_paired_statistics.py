import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from bedrock_customization_runtime.evaluation import statistics
from bedrock_customization_runtime.evaluation.statistics import Pair, mcnemar_p_value
from bedrock_customization_runtime.evaluation.texts import averaged, mean

differences = arrays(
    np.float64, st.integers(1, 40), elements=st.sampled_from([-1.0, -0.5, -0.1, 0.0, 0.3, 0.7, 1.0])
)


def means(values):
    """Return a pair whose means differ by so much on each record."""
    return Pair(first=averaged(np.zeros(len(values))), second=averaged(values), value=mean)


def bootstrap_interval(values, *, seed, draws=statistics.BOOTSTRAP_DRAWS):
    pair = means(values)
    drawn = statistics.bootstrap_differences([pair], seed=seed, draws=draws)[0]
    return statistics.percentile_interval(drawn, value=pair.difference, records=len(values))


def sign_flip_p_value(values, *, seed, draws=statistics.PERMUTATIONS):
    return statistics.permutation_p_values([means(values)], seed=seed, draws=draws)[0]


@pytest.mark.parametrize(
    ("losses", "wins", "expected"),
    [
        (0, 0, 1),
        (0, 1, 1),
        (5, 5, 1),
        (0, 5, Fraction(2, 2**5)),
        (1, 9, Fraction(2 * (1 + 10), 2**10)),
        (9, 1, Fraction(2 * (1 + 10), 2**10)),
        (2, 10, Fraction(2 * (1 + 12 + 66), 2**12)),
    ],
)
def test_mcnemar_gives_the_exact_binomial_probability(losses, wins, expected):
    assert mcnemar_p_value(losses, wins) == pytest.approx(float(expected), rel=1e-12)


@given(losses=st.integers(0, 400), wins=st.integers(0, 400))
def test_mcnemar_agrees_with_exact_arithmetic(losses, wins):
    total = losses + wins
    tail = sum(math.comb(total, k) for k in range(min(losses, wins) + 1))
    exact = min(Fraction(1), Fraction(2 * tail, 2**total))

    assert mcnemar_p_value(losses, wins) == pytest.approx(float(exact), rel=1e-10)


def test_mcnemar_works_where_powers_of_a_half_underflow():
    normal = math.erfc((10_200 - 9_800 - 1) / math.sqrt(20_000) / math.sqrt(2))

    assert mcnemar_p_value(9_800, 10_200) == pytest.approx(normal, rel=1e-2)
    assert mcnemar_p_value(0, 20_000) == 0


def test_the_interval_of_many_draws_is_that_of_the_normal_approximation():
    values = np.array([1.0] * 300 + [0.0] * 600 + [-1.0] * 100)
    half = 1.96 * values.std() / math.sqrt(values.size)

    lower, upper = bootstrap_interval(values, seed=3)

    assert lower == pytest.approx(0.2 - half, abs=0.004)
    assert upper == pytest.approx(0.2 + half, abs=0.004)


def test_the_interval_of_two_records_has_the_quantiles_of_its_four_equally_likely_draws():
    # The mean is 0, 1/2 or 1 with probability 1/4, 1/2, 1/4.
    assert bootstrap_interval(np.array([0.0, 1.0]), seed=3) == (0.0, 1.0)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    generator = np.random.Generator(np.random.PCG64(11))
    covered = 0
    for seed in range(200):
        sample = generator.choice([-1.0, 0.0, 1.0], p=[0.1, 0.5, 0.4], size=200)
        lower, upper = bootstrap_interval(sample, seed=seed, draws=400)
        covered += lower <= 0.3 <= upper

    assert 180 <= covered <= 199


@pytest.mark.parametrize(
    ("value", "count", "lower", "upper"),
    [
        (1.0, 1, -0.95, 1.0),
        (-1.0, 1, -1.0, 0.95),
        (0.0, 1, -0.975, 0.975),
        # One minus the tenth root of 0.025 is 0.3085, the Clopper-Pearson limit of 0 in 10.
        (1.0, 10, 1 - 2 * 0.30849710781876083, 1.0),
        (0.5, 10, 0.5 - 1.5 * 0.30849710781876083, 0.5 + 0.5 * 0.30849710781876083),
        (0.0, 500, -0.00735063, 0.00735063),
    ],
)
def test_equal_differences_have_the_exact_interval_of_what_so_few_records_can_miss(
    value, count, lower, upper
):
    interval = bootstrap_interval(np.full(count, value), seed=3)

    assert interval == pytest.approx((lower, upper), abs=1e-6)


@given(values=differences)
@settings(max_examples=40)
def test_an_interval_is_ordered_and_within_the_differences(values):
    lower, upper = bootstrap_interval(values, seed=3, draws=200)

    assert -1 <= lower <= upper <= 1
    if np.ptp(values):
        assert values.min() - 1e-12 <= lower
        assert upper <= values.max() + 1e-12


@pytest.mark.parametrize("cells", [1, 1_000, 10**9])
def test_neither_a_repetition_nor_the_size_of_blocks_changes_a_figure(cells, monkeypatch):
    values = np.random.Generator(np.random.PCG64(7)).uniform(-1, 1, size=37)
    interval = bootstrap_interval(values, seed=5, draws=300)
    p_value = sign_flip_p_value(values, seed=5, draws=300)

    monkeypatch.setattr(statistics, "_BLOCK_CELLS", cells)

    assert bootstrap_interval(values, seed=5, draws=300) == interval
    assert sign_flip_p_value(values, seed=5, draws=300) == p_value


def test_another_seed_gives_other_draws():
    values = np.random.Generator(np.random.PCG64(7)).uniform(-1, 1, size=37)

    assert bootstrap_interval(values, seed=5) != bootstrap_interval(values, seed=6)


@given(values=arrays(np.float64, st.integers(1, 8), elements=st.floats(-1, 1, width=16)))
def test_few_records_are_tested_with_every_choice_of_signs(values):
    totals = [
        abs(math.fsum(sign * value for sign, value in zip(signs, values, strict=True)))
        for signs in product((-1, 1), repeat=values.size)
    ]
    extreme = sum(total >= abs(math.fsum(values)) - 1e-12 for total in totals)

    assert sign_flip_p_value(values, seed=3) == pytest.approx(extreme / len(totals))


def test_sign_flips_of_binary_differences_agree_with_mcnemar():
    values = np.array([1.0] * 20 + [-1.0] * 8 + [0.0] * 40)

    assert sign_flip_p_value(values, seed=3) == pytest.approx(mcnemar_p_value(8, 20), abs=0.01)


def test_models_that_tie_on_every_record_are_not_told_apart():
    assert sign_flip_p_value(np.zeros(50), seed=3) == 1


def test_a_clear_difference_over_many_records_has_the_smallest_p_value_the_draws_allow():
    assert sign_flip_p_value(np.full(200, 0.3), seed=3, draws=999) == 1 / 1_000


@given(values=differences)
@settings(max_examples=40)
def test_swapping_the_models_mirrors_the_test_and_keeps_p_a_probability(values):
    forward = sign_flip_p_value(values, seed=3, draws=200)

    assert 0 < forward <= 1
    assert sign_flip_p_value(-values, seed=3, draws=200) == forward


@pytest.mark.parametrize("bad", [[], [math.nan], [0.0, math.inf]])
@pytest.mark.parametrize("function", [bootstrap_interval, sign_flip_p_value])
def test_what_is_no_difference_of_scores_is_refused(function, bad):
    with pytest.raises(ValueError, match="must"):
        function(np.array(bad, dtype=np.float64), seed=3)
