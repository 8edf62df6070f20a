"""What losses say about a training, whatever their unit and their noise."""

import math
import random

import pytest
from hypothesis import example, given, strategies as st

from bedrock_customization_runtime.customization.diagnosis import (
    ADVICE,
    Verdict,
    checks_since_best,
    diagnose,
)


def falling(steps=200, *, start=2.0, end=0.4, pace=8.0):
    """Losses that fall fast at first and settle."""
    return [end + (start - end) * math.exp(-pace * step / steps) for step in range(steps)]


def verdict(training, validation=()):
    return diagnose(training, validation).verdict


SETTLED = falling()
COURSES = {
    "diverged": (falling(100) + [0.4 + 0.1 * step for step in range(100)], [1.0, 0.8, 4.0, 9.0]),
    "overfit": (falling(pace=4), [1.0, 0.7, 0.6, 0.7, 0.8, 0.9]),
    "underfit": ([2.0 - 0.005 * step for step in range(200)], [1.8, 1.5, 1.2, 1.0]),
    "plateau": ([2.0 - 0.0002 * step for step in range(200)], [1.99, 1.98, 1.98, 1.98]),
    "fine": (SETTLED, [1.0, 0.6, 0.55, 0.54, 0.54]),
}


@pytest.mark.parametrize("name", COURSES)
def test_each_course_has_its_verdict_with_figures_and_advice(name):
    found = diagnose(*COURSES[name])
    assert found.verdict == name
    assert any(character.isdigit() for character in found.message)
    assert found.advice == ADVICE[found.verdict]


@pytest.mark.parametrize("name", COURSES)
@given(scale=st.floats(1e-6, 1e6))
def test_the_unit_of_the_losses_does_not_matter(name, scale):
    training, validation = ([loss * scale for loss in losses] for losses in COURSES[name])
    assert verdict(training, validation) == name


@pytest.mark.parametrize("name", COURSES)
def test_noise_of_batches_hardly_ever_changes_a_verdict(name):
    training, validation = COURSES[name]
    same = 0
    for seed in range(300):
        chance = random.Random(seed)
        noisy = [loss * chance.lognormvariate(0, 0.3) for loss in training]
        same += verdict(noisy, [loss * chance.uniform(0.99, 1.01) for loss in validation]) == name
    assert same >= 297


def test_a_training_that_learns_nothing_from_noise_hardly_ever_diverged():
    diverged = 0
    for seed in range(300):
        chance = random.Random(seed)
        losses = [chance.lognormvariate(0, 0.3) for _ in range(chance.randint(10, 400))]
        diverged += verdict(losses) is Verdict.DIVERGED
    assert diverged <= 1


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_is_a_divergence(loss):
    assert diagnose([*SETTLED, loss], []).rule == "loss-not-finite"
    assert diagnose(SETTLED, [0.5, loss]).rule == "loss-not-finite"


def test_losses_that_explode_have_diverged_though_a_decaying_rate_brings_them_down():
    exploded = [3.95, 0.56, 37.6, *(50 * math.exp(-step / 10) + 1.5 for step in range(37))]
    found = diagnose(exploded, [22.2, 51.7, 5.97, 1.74])
    assert (found.verdict, found.rule) == (Verdict.DIVERGED, "loss-exploded")


def test_a_single_spike_is_no_divergence():
    spiked = [*SETTLED]
    spiked[120] = 40.0
    assert verdict(spiked, COURSES["fine"][1]) is Verdict.FINE


def test_one_bad_validation_of_many_is_no_turn():
    assert verdict(SETTLED, [1.0, 0.6, 0.55, 0.54, 0.54, 0.54, 0.54, 0.7]) is Verdict.FINE


def test_a_turn_of_a_loss_that_is_small_already_is_no_overfitting():
    assert verdict(falling(start=4.0, end=0.01), [0.5, 0.05, 0.06, 0.07]) is Verdict.FINE


def test_validation_that_rises_with_training_is_not_overfitting():
    rising = [2.0] * 100 + [2.3] * 100
    assert verdict(rising, [1.0, 1.0, 1.15, 1.2]) is Verdict.PLATEAU


@pytest.mark.parametrize(("training", "validation"), [([], []), ([1.0], []), ([1.0] * 9, [1.0])])
def test_too_few_losses_say_nothing(training, validation):
    assert verdict(training, validation) is Verdict.UNKNOWN


def test_without_training_losses_those_of_the_validations_speak():
    assert verdict([], [2.0, 1.0, 0.8, 0.8]) is Verdict.FINE
    assert verdict([], [2.0, 1.0, 1.4]) is Verdict.OVERFIT


@given(st.lists(st.floats()), st.lists(st.floats()))
@example([0.0] * 20, [0.0] * 5)
@example([-1.0] * 20, [])
@example([1e308] * 20, [-1e308] * 9)
def test_nothing_makes_the_rules_raise(training, validation):
    assert diagnose(training, validation).message


@pytest.mark.parametrize(
    ("losses", "minimum", "since"),
    [
        ([], 0.0, 0),
        ([3.0, 2.0, 1.0], 0.0, 0),
        ([3.0, 2.0, 2.5, 2.4], 0.0, 2),
        ([3.0, 2.0, 2.0], 0.0, 1),
        ([3.0, 2.95, 2.9], 0.2, 2),
        ([3.0, math.nan, math.inf], 0.0, 2),
    ],
)
def test_checks_are_counted_since_the_last_that_got_better(losses, minimum, since):
    assert checks_since_best(losses, minimum) == since
