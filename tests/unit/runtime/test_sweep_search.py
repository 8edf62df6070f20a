"""What a sweep tries next, by what it saw."""

import pytest
from hypothesis import given, settings, strategies as st

from bedrock_customization_runtime.customization.diagnosis import Verdict
from bedrock_customization_runtime.sweeps.search import Tried, next_round

INTEGERS = {"epochCount"}
RATE, EPOCHS = (1e-6, 1e-4), (1, 5)


def plan(rounds=3, per_round=2, **ranges):
    ranges = ranges or {"learningRate": RATE, "epochCount": EPOCHS}
    return {
        "candidates": [{"learningRate": "0.00001", "epochCount": "3"}],
        "rounds": rounds,
        "candidates_per_round": per_round,
        "ranges": {name: list(ends) for name, ends in ranges.items()},
    }


def tried(rate, epochs, verdict, loss=1.0, number=1):
    return Tried(
        round=number,
        hyperparameters={"learningRate": rate, "epochCount": epochs, "batchSize": "1"},
        loss=loss,
        verdict=verdict and Verdict(verdict),
    )


def following(*candidates, **given):
    return next_round(plan(**given), candidates, integers=INTEGERS)


def first(*candidates, **given):
    one = following(*candidates, **given).candidates[0]
    return float(one["learningRate"]), int(one.get("epochCount", 0))


def test_the_first_round_is_given():
    assert following().candidates == plan()["candidates"]


def test_a_candidate_that_diverged_is_tried_at_a_lower_rate():
    rate, epochs = first(tried("0.0001", "3", "diverged", loss=None))
    assert (rate, epochs) == (pytest.approx(1e-5), 3)


def test_the_lower_rate_lies_above_one_that_did_not_diverge():
    found = following(
        tried("0.0001", "3", "diverged", loss=None), tried("0.00001", "3", "unknown", loss=2.0)
    )
    assert "0.0000316" in [one["learningRate"] for one in found.candidates]


def test_nothing_is_narrowed_in_on_before_something_has_a_loss():
    found = following(tried("0.0001", "3", "diverged", loss=None), per_round=9)
    assert [one["learningRate"] for one in found.candidates] == ["0.00001"]


@pytest.mark.parametrize(
    ("verdict", "rate", "epochs"),
    [
        ("underfit", 1e-5, 4),
        ("overfit", 1e-5, 2),
        ("plateau", 3.16e-5, 3),
    ],
)
def test_each_verdict_has_its_move(verdict, rate, epochs):
    assert first(tried("0.00001", "3", verdict)) == (pytest.approx(rate), epochs)


def test_without_epochs_in_the_sweep_the_rate_moves():
    ranges = {"learningRate": RATE}
    assert first(tried("0.00001", "3", "underfit"), **ranges)[0] == pytest.approx(3.16e-5)
    assert first(tried("0.00001", "3", "overfit"), **ranges)[0] == pytest.approx(3.16e-6)


def test_a_higher_rate_stays_below_one_that_diverged():
    rate, _ = first(tried("0.00001", "3", "plateau"), tried("0.00004", "3", "diverged", loss=None))
    assert rate == pytest.approx(2e-5)


def test_the_best_one_is_narrowed_in_on():
    found = following(
        tried("0.00001", "3", "fine", loss=0.5), tried("0.00004", "3", "fine", loss=0.9)
    ).candidates
    assert [one["learningRate"] for one in found] == ["0.00000316", "0.00002"]


def test_nothing_is_learned_from_a_candidate_without_losses():
    assert following(tried("0.00001", "3", None, loss=None)).ended.startswith("nothing new")


def test_the_last_round_is_the_last():
    assert following(tried("0.00001", "3", "fine"), rounds=1).ended == "all were tried"
    assert following(tried("0.00001", "3", "fine", number=3)).ended == "all rounds are done: 3"


def test_a_round_that_hardly_helps_is_the_last():
    before = tried("0.00001", "3", "fine", loss=1.0)
    little = tried("0.00002", "3", "fine", loss=0.995, number=2)
    much = tried("0.00002", "3", "fine", loss=0.9, number=2)
    assert "less than 1 %" in following(before, little).ended
    assert following(before, much).candidates


@given(
    st.lists(
        st.tuples(st.sampled_from(Verdict), st.none() | st.floats(0, 100)), min_size=1, max_size=12
    ),
    st.integers(1, 4),
)
@settings(deadline=None)
def test_no_course_of_events_repeats_a_candidate_leaves_the_ranges_or_goes_on_for_ever(
    events, per_round
):
    seen, known, number = set(), [], 0
    outcomes = iter(events * 50)
    while True:
        found = next_round(plan(rounds=12, per_round=per_round), known, integers=INTEGERS)
        again = next_round(plan(rounds=12, per_round=per_round), known, integers=INTEGERS)
        assert found == again
        if not found.candidates:
            break
        number += 1
        assert number <= 12
        assert len(found.candidates) <= per_round
        for one in found.candidates:
            key = (float(one["learningRate"]), int(one["epochCount"]))
            assert key not in seen
            seen.add(key)
            assert RATE[0] <= key[0] <= RATE[1]
            assert EPOCHS[0] <= key[1] <= EPOCHS[1]
            verdict, loss = next(outcomes)
            known.append(Tried(round=number, hyperparameters=one, loss=loss, verdict=verdict))
    assert found.ended
