"""How base models are found and refused, and what the messages say."""

import re
from datetime import date

import pytest

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.catalog import (
    LifecycleStatus,
    Method,
    UnknownBaseModelError,
    UnsupportedCustomizationError,
)

TODAY = date(2026, 11, 22)
NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
NOVA_PRO = "amazon.nova-pro-v1:0:300k"
CLAUDE_3_HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
LLAMA_3_3_70B = "meta.llama3-3-70b-instruct-v1:0:128k"


def refusal(id, method, *, today=TODAY):
    with pytest.raises(UnsupportedCustomizationError) as refused:
        catalog.base_model(id).require(method, today=today)
    return str(refused.value)


def unknown(id):
    with pytest.raises(UnknownBaseModelError) as refused:
        catalog.base_model(id)
    return str(refused.value)


def test_an_id_finds_one_and_the_same_base_model():
    assert catalog.base_model(NOVA_MICRO) is catalog.base_model(NOVA_MICRO)
    assert catalog.base_model(NOVA_MICRO) in catalog.base_models()


@pytest.mark.parametrize(
    ("given", "instead"),
    [
        ("amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0:128k"),
        ("eu.amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0:128k"),
        ("us.amazon.nova-2-lite-v1:0", "amazon.nova-2-lite-v1:0:256k"),
        ("amazon.nova-2-lite-v1:0", "amazon.nova-2-lite-v1:0:256k"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "meta.llama3-3-70b-instruct-v1:0:128k"),
        ("amazon.titan-embed-image-v1", "amazon.titan-embed-image-v1:0"),
        ("cohere.command-text-v14", "cohere.command-text-v14:7:4k"),
        ("openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b"),
    ],
)
def test_an_id_for_inference_is_answered_with_the_id_for_customization(given, instead):
    assert unknown(given) == f"{given} is an id for inference; for customization use {instead}"


def test_a_misspelt_id_is_answered_with_the_nearest_ones():
    assert unknown("amazon.nova-mikro-v1:0:128k").startswith(
        "'amazon.nova-mikro-v1:0:128k' is no base model of the catalogue; "
        "did you mean amazon.nova-micro-v1:0:128k"
    )


@pytest.mark.parametrize("given", ["", "gpt"])
def test_an_id_near_to_nothing_is_answered_with_the_active_models(given):
    message = unknown(given)
    assert NOVA_MICRO in message
    assert CLAUDE_3_HAIKU not in message


def test_errors_of_the_catalogue_are_value_errors():
    assert issubclass(UnknownBaseModelError, ValueError)
    assert issubclass(UnsupportedCustomizationError, ValueError)
    assert issubclass(catalog.HyperparameterError, ValueError)


def test_an_active_model_gives_the_rules_of_its_method():
    model = catalog.base_model(NOVA_MICRO)
    rules = model.require(Method.FINE_TUNING, today=TODAY)
    assert rules is model.methods[Method.FINE_TUNING]


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (date(2026, 3, 9), LifecycleStatus.ACTIVE),
        (date(2026, 3, 10), LifecycleStatus.LEGACY),
        (date(2026, 9, 9), LifecycleStatus.LEGACY),
        (date(2026, 9, 10), LifecycleStatus.RETIRED),
    ],
)
def test_claude_3_haiku_was_active_then_legacy_then_gone(day, status):
    assert catalog.base_model(CLAUDE_3_HAIKU).lifecycle.status_on(day) is status


def test_claude_3_haiku_could_be_fine_tuned_until_it_became_legacy():
    model = catalog.base_model(CLAUDE_3_HAIKU)
    assert model.require(Method.FINE_TUNING, today=date(2026, 3, 9)).train.min_records == 32


def test_a_model_without_dates_keeps_its_recorded_stage():
    titan = catalog.base_model("amazon.titan-text-lite-v1:0:4k")
    assert titan.lifecycle.status_on(date(2020, 1, 1)) is LifecycleStatus.RETIRED


def test_a_legacy_model_is_refused_with_its_dates_and_what_to_use():
    message = refusal(CLAUDE_3_HAIKU, Method.FINE_TUNING, today=date(2026, 3, 10))
    assert message.startswith(
        f"{CLAUDE_3_HAIKU} is legacy since 2026-03-10: Bedrock starts no new job with it "
        "and ends it 2026-09-10; for FINE_TUNING use "
    )
    assert NOVA_MICRO in message


def test_a_retired_model_is_refused_with_its_date_and_what_to_use():
    begun, offered = refusal(CLAUDE_3_HAIKU, Method.FINE_TUNING).split("; for FINE_TUNING use ")
    assert begun == f"{CLAUDE_3_HAIKU} is retired since 2026-09-10"
    active = {
        model.id
        for model in catalog.base_models()
        if Method.FINE_TUNING in model.methods
        and model.lifecycle.status_on(TODAY) is LifecycleStatus.ACTIVE
    }
    assert {NOVA_MICRO, LLAMA_3_3_70B} < set(re.split(", | or ", offered)) < active


def test_what_to_use_instead_makes_the_same_kind_of_output():
    message = refusal("amazon.nova-canvas-v1:0", Method.FINE_TUNING)
    assert message.endswith("no active base model of its kind supports FINE_TUNING")


def test_what_to_use_instead_was_active_on_that_day():
    message = refusal(CLAUDE_3_HAIKU, Method.FINE_TUNING, today=date(2026, 3, 10))
    assert LLAMA_3_3_70B in message


def test_a_method_the_model_lacks_is_refused_with_those_it_has():
    assert refusal(NOVA_MICRO, Method.REINFORCEMENT_FINE_TUNING) == (
        "amazon.nova-micro-v1:0:128k does not support REINFORCEMENT_FINE_TUNING, only FINE_TUNING "
        "and DISTILLATION; for REINFORCEMENT_FINE_TUNING use amazon.nova-2-lite-v1:0:256k"
    )


def test_continued_pre_training_has_no_model_left():
    assert refusal(NOVA_PRO, Method.CONTINUED_PRE_TRAINING).endswith(
        "no active base model of its kind supports CONTINUED_PRE_TRAINING"
    )


@pytest.mark.parametrize("id", ["openai.gpt-oss-20b", "qwen.qwen3-32b"])
def test_an_open_weight_model_is_customized_through_another_api(id):
    assert refusal(id, Method.REINFORCEMENT_FINE_TUNING) == (
        f"{id} is customized through bedrock-mantle, not through a customization job; "
        "for REINFORCEMENT_FINE_TUNING use amazon.nova-2-lite-v1:0:256k"
    )


def test_a_student_whose_teachers_are_all_retired_is_refused():
    message = refusal(NOVA_PRO, Method.DISTILLATION)
    assert message.startswith(f"{NOVA_PRO} has no teacher left: Nova Premier retired; ")
    before = catalog.base_model(NOVA_PRO).require(Method.DISTILLATION, today=date(2026, 9, 13))
    assert before.teachers
