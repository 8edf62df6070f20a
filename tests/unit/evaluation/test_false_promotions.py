"""An equal candidate is refused: the gate's rule, on small blind sets, for every kind of metric."""

import numpy as np
import pytest

from bedrock_customization_runtime.evaluation import statistics
from bedrock_customization_runtime.evaluation.metrics import METRICS
from bedrock_customization_runtime.evaluation.statistics import Pair
from bedrock_customization_runtime.evaluation.texts import Texts, averaged, mean

RUNS = 100


def promoted(pair, seed):
    """Return whether the lower end of the 95 % interval is above 0."""
    differences = pair.differences
    if pair.value is mean and set(differences.tolist()) <= {-1, 0, 1}:
        p_value = statistics.mcnemar_p_value(
            int((differences < 0).sum()), int((differences > 0).sum())
        )
        return p_value <= 0.05 and agreed(pair, seed, p_value)
    if not agreed(pair, seed, p_value=0.0):
        return False
    return agreed(pair, seed, statistics.permutation_p_values([pair], seed=seed)[0])


def agreed(pair, seed, p_value):
    drawn = statistics.bootstrap_differences([pair], seed=seed)[0]
    interval = statistics.percentile_interval(drawn, value=pair.difference, records=pair.records)
    return statistics.agreeing(interval, p_value)[0] > 0


def binary(generator, count, rate, agreement):
    """Return two models that are right as often, and share a part of their answers."""
    both = generator.random(count) < rate
    own = generator.random((2, count)) < rate
    shared = generator.random(count) < agreement
    base, second = (np.where(shared, both, one).astype(float) for one in own)
    return Pair(first=averaged(base), second=averaged(second), value=mean)


def partial(generator, count, rate, agreement):
    """Likewise, with scores between 0 and 1."""
    own = generator.beta(rate, 1 - rate, size=(2, count))
    shared = generator.random(count) < agreement
    base, second = own[0], np.where(shared, own[0], own[1])
    return Pair(first=averaged(base), second=averaged(second), value=mean)


@pytest.mark.parametrize("count", [50, 100, 200])
@pytest.mark.parametrize("agreement", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_an_equal_candidate_is_refused_in_95_of_100_runs(rate, agreement, count):
    """Of a thousand, so that no luck of a seed hides what the rule really does."""
    generator = np.random.Generator(np.random.PCG64(41))
    pairs = (binary(generator, count, rate, agreement) for _ in range(1_000))
    wrong = sum(promoted(pair, seed) for seed, pair in enumerate(pairs))
    # The exact test's own share is 25 on one side, and 40 is three standard deviations more.
    assert wrong <= 40


@pytest.mark.slow
@pytest.mark.parametrize("count", [50, 100, 200])
@pytest.mark.parametrize("agreement", [0.0, 0.9])
def test_an_equal_candidate_is_refused_by_partial_scores_too(agreement, count):
    generator = np.random.Generator(np.random.PCG64(41))
    pairs = (partial(generator, count, 0.5, agreement) for _ in range(400))
    wrong = sum(promoted(pair, seed) for seed, pair in enumerate(pairs))
    assert wrong <= 20


@pytest.mark.parametrize("name", ["macro_f1", "bleu", "chrf"])
def test_an_equal_candidate_is_refused_by_scores_of_a_whole_corpus_too(name):
    generator = np.random.Generator(np.random.PCG64(43))
    words = np.array(list("abcdefgh"))
    metric = METRICS[name]
    wrong = 0
    for seed in range(RUNS):
        length = 1 if name == "macro_f1" else 8
        references = generator.choice(words, size=(60, length))
        sides = []
        for _ in ("first", "second"):
            changed = generator.random(references.shape) < 0.4
            said = np.where(changed, generator.choice(words, size=references.shape), references)
            texts = Texts(
                ids=list(map(str, range(60))),
                references=[" ".join(row) for row in references],
                answers=[" ".join(row) for row in said],
            )
            sides.append(metric.measure(texts))
        wrong += promoted(Pair(first=sides[0], second=sides[1], value=metric.value), seed)
    assert wrong <= 5


def test_a_better_candidate_is_promoted_where_the_blind_set_can_show_it():
    generator = np.random.Generator(np.random.PCG64(47))
    right = 0
    for seed in range(RUNS):
        base = (generator.random(200) < 0.6).astype(float)
        second = np.maximum(base, generator.random(200) < 0.3).astype(float)
        right += promoted(Pair(first=averaged(base), second=averaged(second), value=mean), seed)
    assert right >= 95


def test_the_percentile_interval_is_taken_because_bca_finds_equals_better_too_often():
    """Of 50 records with nine ties in ten, the usual "better" interval promotes twice as often."""
    from scipy.stats import bootstrap  # noqa: PLC0415 - slow to import, needed here alone

    generator = np.random.Generator(np.random.PCG64(53))
    wrong = {"percentile": 0, "BCa": 0}
    for seed in range(RUNS * 3):
        pair = partial(generator, 50, 0.5, 0.9)
        if not statistics.has_spread(pair.differences):
            continue
        for method in wrong:
            interval = bootstrap(
                (pair.differences,),
                np.mean,
                n_resamples=500,
                method=method,
                rng=np.random.Generator(np.random.PCG64(seed)),
            ).confidence_interval
            wrong[method] += interval.low > 0
    assert wrong["percentile"] <= 0.05 * RUNS * 3 < wrong["BCa"]
