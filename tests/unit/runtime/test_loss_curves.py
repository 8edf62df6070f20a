"""Loss files, also those that nobody should have written."""

import math

import pytest
from hypothesis import example, given, strategies as st

from bedrock_customization_runtime.customization.loss_curves import finite, parse

HEADER = "step_number,epoch_number,training_loss,perplexity\n"


def losses(text):
    return [point.loss for point in parse(text.encode(), "training_loss")]


def test_a_file_as_bedrock_documents_it():
    (point,) = parse(f"{HEADER}7,1,0.5,1.6\n".encode(), "training_loss")
    assert (point.step, point.epoch, point.loss) == (7, 1, 0.5)


def test_losses_that_are_no_finite_number_are_kept_and_not_drawn():
    points = parse(f"{HEADER}0,0,NaN,\n1,0,inf,\n2,0,1.5,\n".encode(), "training_loss")
    assert len(points) == 3
    assert math.isnan(points[0].loss)
    assert [point.loss for point in finite(points)] == [1.5]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        HEADER,
        "a,b\n1,2\n",
        f"{HEADER}1\n",
        f"{HEADER}x,0,1,1\n",
        f"{HEADER}-1,0,1,1\n",
        f"{HEADER}1e300,0,1,1\n",
        f"{HEADER}nan,0,1,1\n",
        f"{HEADER}0,0,,1\n",
        f"{HEADER}0,0,lots,1\n",
        HEADER + "9" * 5000 + ",0,one,1\n",
    ],
)
def test_rows_that_make_no_sense_are_left_out(text):
    assert losses(text) == []


def test_rows_before_and_after_a_bad_one_count():
    assert losses(f"\ufeff{HEADER}0,0,2.0,\nbroken\n1,0,1.0,\n") == [2.0, 1.0]


@given(st.binary())
@example(b"\xff\x00\xfe")
@example(b'step_number,epoch_number,training_loss\n"' + b"x" * 200_000)
def test_nothing_makes_a_file_raise(body):
    assert isinstance(parse(body, "training_loss"), list)
