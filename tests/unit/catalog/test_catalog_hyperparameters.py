"""How hyperparameters are checked, and how they are written for Bedrock."""

import math

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.catalog import (
    HyperparameterError,
    Method,
    UnsupportedCustomizationError,
)

NOVA_MICRO = catalog.base_model("amazon.nova-micro-v1:0:128k")
NOVA_2_LITE = catalog.base_model("amazon.nova-2-lite-v1:0:256k")
LLAMA = catalog.base_model("meta.llama3-3-70b-instruct-v1:0:128k")
TITAN_IMAGE = catalog.base_model("amazon.titan-image-generator-v2:0")


def checked(model, values, method=Method.FINE_TUNING):
    return model.check_hyperparameters(method, values)


def refusal(model, values, method=Method.FINE_TUNING):
    with pytest.raises(HyperparameterError) as refused:
        model.check_hyperparameters(method, values)
    return str(refused.value)


def test_no_hyperparameters_leave_all_to_bedrock():
    assert checked(NOVA_MICRO, {}) == {}


def test_numbers_become_the_strings_bedrock_wants():
    given = {"epochCount": 3, "learningRate": 1e-5, "learningRateWarmupSteps": 0}
    assert checked(NOVA_MICRO, given) == {
        "epochCount": "3",
        "learningRate": "0.00001",
        "learningRateWarmupSteps": "0",
    }


def test_strings_are_read_as_numbers_and_written_plainly():
    given = {"epochCount": "1", "batchSize": "1", "learningRate": "5e-5"}
    assert checked(LLAMA, given) == {"epochCount": "1", "batchSize": "1", "learningRate": "0.00005"}


def test_reinforcement_fine_tuning_takes_typed_values():
    given = {"epochCount": "2", "learningRate": "1e-5", "reasoningEffort": "high"}
    parsed = NOVA_2_LITE.parse_hyperparameters(Method.REINFORCEMENT_FINE_TUNING, given)
    assert parsed == {"epochCount": 2, "learningRate": 1e-5, "reasoningEffort": "high"}
    assert type(parsed["epochCount"]) is int


@given(floats(min_value=1e-6, max_value=1e-4))
def test_every_learning_rate_reads_back_as_it_was(rate):
    [written] = checked(NOVA_MICRO, {"learningRate": rate}).values()
    assert float(written) == rate
    assert "e" not in written


@given(integers())
def test_an_epoch_count_is_accepted_exactly_within_its_range(epochs):
    if 1 <= epochs <= 5:
        assert checked(NOVA_MICRO, {"epochCount": epochs}) == {"epochCount": str(epochs)}
    else:
        assert f"got {epochs}" in refusal(NOVA_MICRO, {"epochCount": epochs})


def test_a_value_out_of_range_is_refused_with_the_range_and_the_default():
    assert refusal(NOVA_MICRO, {"epochCount": 10}) == (
        "epochCount of amazon.nova-micro-v1:0:128k must be an integer from 1 to 5, got 10; "
        "leave it out for the default of 2"
    )
    assert refusal(NOVA_MICRO, {"learningRate": 0.01}) == (
        "learningRate of amazon.nova-micro-v1:0:128k must be a number from 0.000001 to 0.0001, "
        "got 0.01; leave it out for the default of 0.00001"
    )


@pytest.mark.parametrize(
    "value", [True, 2.0, "2.0", "two", "", " 2", "٢", "1_0", "9" * 5000, math.nan, math.inf]
)
def test_an_integer_is_not_a_bool_a_float_or_a_word(value):
    assert "must be an integer from 1 to 5" in refusal(NOVA_MICRO, {"epochCount": value})


@pytest.mark.parametrize(
    "value", [False, math.nan, math.inf, "nan", "inf", "1e999", "1,5", "", 10**400]
)
def test_a_number_is_finite(value):
    assert "must be a number from" in refusal(NOVA_MICRO, {"learningRate": value})


def test_an_unknown_name_is_answered_with_the_nearest_one():
    assert refusal(NOVA_MICRO, {"epochs": 3}) == (
        "epochs is no hyperparameter of amazon.nova-micro-v1:0:128k, only epochCount, "
        "learningRate, learningRateWarmupSteps; did you mean epochCount?"
    )


@pytest.mark.parametrize("name", ["epochcount", "EpochCount", "learning_rate"])
def test_names_are_the_apis_letter_by_letter(name):
    assert "did you mean" in refusal(NOVA_MICRO, {name: 1})


def test_a_choice_is_one_of_its_values():
    message = refusal(NOVA_2_LITE, {"reasoningEffort": "extreme"}, Method.REINFORCEMENT_FINE_TUNING)
    assert "must be one of low, medium, high, got 'extreme'" in message


def test_a_hyperparameter_without_a_default_must_be_given():
    assert refusal(TITAN_IMAGE, {}) == (
        "stepCount of amazon.titan-image-generator-v2:0 has no default: "
        "give an integer from 10 to 40000 or auto"
    )
    assert checked(TITAN_IMAGE, {"stepCount": "auto"}) == {"stepCount": "auto"}
    assert checked(TITAN_IMAGE, {"stepCount": 500}) == {"stepCount": "500"}


def test_distillation_takes_no_hyperparameters():
    assert refusal(NOVA_MICRO, {"epochCount": 2}, Method.DISTILLATION) == (
        "amazon.nova-micro-v1:0:128k takes no hyperparameters with this method: "
        "leave out epochCount"
    )


def test_hyperparameters_of_a_method_the_model_lacks_are_refused():
    with pytest.raises(UnsupportedCustomizationError, match="does not support"):
        NOVA_MICRO.check_hyperparameters(Method.REINFORCEMENT_FINE_TUNING, {})
