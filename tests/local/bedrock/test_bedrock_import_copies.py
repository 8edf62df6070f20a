"""When an imported model answers, and what its copies bill, by a clock of our own."""

from dataclasses import dataclass

import pytest

from bedrock_customization_local.cloud.bedrock.errors import ModelNotReadyError
from bedrock_customization_local.cloud.bedrock.models.copies import Copies
from bedrock_customization_local.cloud.clock import Clock

MINUTE = 60


@dataclass(frozen=True, slots=True)
class Hands(Clock):
    """A clock that is moved by hand, in seconds of AWS."""

    moved: list = None

    def monotonic(self):
        return sum(self.moved) * self.scale


@pytest.fixture
def hands():
    return Hands(scale=1.0, moved=[1000.0])


@pytest.fixture
def copies(hands):
    return Copies(hands)


@pytest.fixture
def warm(copies, hands):
    with pytest.raises(ModelNotReadyError):
        copies.ask()
    hands.moved.append(MINUTE)
    copies.ask()
    return copies


def test_the_first_question_starts_a_copy_which_takes_a_while(copies, hands):
    for seconds in (0, 30, 29):
        hands.moved.append(seconds)
        with pytest.raises(ModelNotReadyError):
            copies.ask()
    hands.moved.append(1)
    copies.ask()


def test_a_copy_stays_while_it_is_asked_and_goes_after_five_idle_minutes(warm, hands):
    for _ in range(3):
        hands.moved.append(4 * MINUTE)
        warm.ask()
        warm.answered()
    hands.moved.append(5 * MINUTE)
    with pytest.raises(ModelNotReadyError):
        warm.ask()


def test_a_copy_that_nobody_asks_after_its_start_goes_too(warm, hands):
    hands.moved.append(6 * MINUTE)
    with pytest.raises(ModelNotReadyError):
        warm.ask()


def test_minutes_are_billed_by_windows_from_the_first_answer_on(warm, hands):
    billed = [warm.answered()]
    for minutes in (1, 3, 1, 4, 4, 0):
        hands.moved.append(minutes * MINUTE)
        billed.append(warm.answered())
    assert billed == [5, 0, 0, 5, 0, 5, 0]


def test_a_new_copy_begins_a_window_of_its_own(warm, hands):
    assert warm.answered() == 5
    warm.stop()
    with pytest.raises(ModelNotReadyError):
        warm.ask()
    hands.moved.append(MINUTE)
    assert warm.answered() == 5


def test_where_waits_are_short_a_copy_still_stays_for_seconds_of_this_machine():
    hands = Hands(scale=0.001, moved=[0.0])
    copies = Copies(hands)
    with pytest.raises(ModelNotReadyError):
        copies.ask()
    hands.moved.append(MINUTE)
    copies.answered()
    hands.moved.append(4 * 1000)
    copies.ask()
    hands.moved.append(1000)
    with pytest.raises(ModelNotReadyError):
        copies.ask()
