"""Our statistics against scipy and statsmodels, on 1,000 random cases or under the same draws."""

import random

import numpy as np
import pytest

from bedrock_customization_runtime.evaluation import statistics
from bedrock_customization_runtime.evaluation.metrics import METRICS
from bedrock_customization_runtime.evaluation.statistics import Pair
from bedrock_customization_runtime.evaluation.texts import Texts, averaged, mean

CASES = 1_000


@pytest.fixture(scope="module")
def scipy_stats():
    """Slow to import and large, which the process of another file need not bear."""
    from scipy import stats  # noqa: PLC0415 - as said

    return stats


@pytest.fixture(scope="module")
def statsmodels_stats():
    """Likewise."""
    from statsmodels.stats import api  # noqa: PLC0415 - as said

    return api


def means(first, second):
    return Pair(first=averaged(first), second=averaged(second), value=mean)


def generated(count, seed, values=(0.0, 0.25, 0.5, 1.0)):
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.choice(values, size=(2, count))


def test_mcnemar_is_that_of_statsmodels_in_1000_cases(statsmodels_stats):
    source = random.Random(1)
    for _ in range(CASES):
        losses, wins = source.randint(0, 60), source.randint(0, 60)
        expected = statsmodels_stats.mcnemar([[5, losses], [wins, 7]], exact=True).pvalue
        assert statistics.mcnemar_p_value(losses, wins) == pytest.approx(expected, abs=1e-9)


def test_holms_correction_is_that_of_statsmodels_in_1000_cases(monkeypatch, statsmodels_stats):
    # statsmodels collects garbage at each call, a quarter of a second each time.
    monkeypatch.setattr("gc.collect", lambda: 0)
    source = random.Random(2)
    for _ in range(CASES):
        p_values = [
            source.choice([source.random(), source.random() / 100, 0.0, 1.0, 0.02])
            for _ in range(source.randint(1, 8))
        ]
        expected = statsmodels_stats.multipletests(p_values, method="holm")[1]
        assert np.abs(np.array(statistics.holm(p_values)) - expected).max() < 1e-9


@pytest.mark.parametrize("count", [2, 3, 20, 61, 150])
@pytest.mark.parametrize("seed", range(4))
def test_the_interval_of_a_mean_is_that_of_scipy_under_the_same_draws(count, seed, scipy_stats):
    first, second = generated(count, seed, values=(0.0, 0.3, 0.7, 1.0))
    pair = means(first, second)

    drawn = statistics.bootstrap_differences([pair], seed=seed, draws=500)[0]

    expected = scipy_stats.bootstrap(
        (first, second),
        lambda base, second, axis: (second - base).mean(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=500,
        method="percentile",
        rng=np.random.Generator(np.random.PCG64(seed)),
    )
    interval = statistics.percentile_interval(drawn, value=pair.difference, records=count)
    assert interval == pytest.approx(tuple(expected.confidence_interval), abs=1e-9)
    assert np.abs(drawn - expected.bootstrap_distribution).max() < 1e-9


@pytest.mark.parametrize("name", ["bleu", "chrf", "macro_f1"])
def test_the_interval_of_a_corpus_score_is_that_of_scipy_under_the_same_draws(name, scipy_stats):
    pair = corpus(name, 40, 3)

    drawn = statistics.bootstrap_differences([pair], seed=11, draws=300)[0]

    def difference(rows):
        rows = rows.astype(int)
        return pair.value(pair.second[rows].sum(axis=0)) - pair.value(pair.first[rows].sum(axis=0))

    expected = scipy_stats.bootstrap(
        (np.arange(40),),
        difference,
        vectorized=False,
        n_resamples=300,
        method="percentile",
        rng=np.random.Generator(np.random.PCG64(11)),
    )
    interval = statistics.percentile_interval(drawn, value=pair.difference, records=40)
    assert interval == pytest.approx(tuple(expected.confidence_interval), abs=1e-9)


def test_the_permutation_test_of_few_records_is_that_of_scipy_in_1000_cases(scipy_stats):
    for seed in range(CASES):
        first, second = generated(seed % 6 + 2, seed)
        pair = means(first, second)
        expected = scipy_stats.permutation_test(
            (second, first),
            lambda one, other, axis: one.mean(axis=axis) - other.mean(axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=np.inf,
        )
        assert statistics.permutation_p_values([pair], seed=0)[0] == pytest.approx(
            expected.pvalue, abs=1e-9
        )


def test_the_permutation_test_of_a_corpus_score_is_that_of_scipy(scipy_stats):
    for seed in range(20):
        pair = corpus("bleu", 7, seed)

        def difference(rows_of_second, rows_of_first, pair=pair):
            both = np.stack([pair.first, pair.second])
            picked = [
                both.reshape(-1, both.shape[-1])[rows.astype(int)].sum(axis=0)
                for rows in (rows_of_second, rows_of_first)
            ]
            return pair.value(picked[0]) - pair.value(picked[1])

        expected = scipy_stats.permutation_test(
            (np.arange(7) + 7, np.arange(7)),
            difference,
            permutation_type="samples",
            vectorized=False,
            n_resamples=np.inf,
        )
        assert statistics.permutation_p_values([pair], seed=0)[0] == pytest.approx(
            expected.pvalue, abs=1e-9
        )


def test_many_records_are_permuted_at_random_and_agree_with_scipy_as_far_as_chance_allows(
    scipy_stats,
):
    first, second = generated(80, 5)
    expected = scipy_stats.permutation_test(
        (second, first),
        lambda one, other, axis: one.mean(axis=axis) - other.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=9_999,
        rng=np.random.Generator(np.random.PCG64(1)),
    )
    found = statistics.permutation_p_values([means(first, second)], seed=1)[0]
    assert found == pytest.approx(expected.pvalue, abs=0.02)


def test_the_standard_error_is_scipys_for_a_mean(scipy_stats):
    first, second = generated(50, 4)
    expected = scipy_stats.sem(second - first)
    assert statistics.standard_error(means(first, second)) == pytest.approx(expected, abs=1e-12)


def corpus(name, count, seed):
    source = random.Random(seed)
    words = list("abcdef")
    references = [" ".join(source.choices(words, k=6)) for _ in range(count)]
    if name == "macro_f1":
        references = source.choices(words, k=count)
    sides = []
    for kept in (0.5, 0.8):
        answers = [
            " ".join(w if source.random() < kept else source.choice(words) for w in text.split())
            for text in references
        ]
        sides.append(
            METRICS[name].measure(
                Texts(ids=list(map(str, range(count))), references=references, answers=answers)
            )
        )
    return Pair(first=sides[0], second=sides[1], value=METRICS[name].value)
