"""Arguments that make no sense are refused at synth, with what to do."""

import pytest
from aws_cdk import App, Environment, Size, Stack

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStack,
    DataSplit,
    FineTuning,
    RecordTemplate,
    Sharding,
)


def pipeline(stack, **arguments):
    return CustomizationPipeline(
        stack, "Pipeline", **{"base_model": BaseModel.NOVA_MICRO, **arguments}
    )


def test_a_retired_base_model_is_refused_with_what_to_use(stack):
    haiku = BaseModel.of("anthropic.claude-3-haiku-20240307-v1:0:200k")
    with pytest.raises(ValueError, match="is retired since 2026-09-10; for FINE_TUNING use"):
        pipeline(stack, base_model=haiku)


def test_an_id_for_inference_is_refused_with_the_id_for_customization():
    with pytest.raises(ValueError, match=r"use amazon\.nova-micro-v1:0:128k"):
        BaseModel.of("amazon.nova-micro-v1:0")


def test_a_base_model_that_needs_provisioned_throughput_is_refused(stack):
    with pytest.raises(ValueError, match="has no on-demand deployment"):
        pipeline(stack, base_model=BaseModel.LLAMA_3_1_8B)


def test_a_stack_in_another_region_is_refused(context):
    stack = Stack(App(context=context), "Stack", env=Environment(region="eu-central-1"))
    with pytest.raises(
        ValueError, match="is customized in us-east-1, but the stack is in eu-centr"
    ):
        pipeline(stack)


def test_an_unknown_hyperparameter_is_refused_with_the_nearest(stack):
    with pytest.raises(ValueError, match="epochCount"):
        pipeline(stack, method=FineTuning(hyperparameters={"epochs": 2}))


def test_a_hyperparameter_out_of_range_is_refused_with_the_range(stack):
    with pytest.raises(ValueError, match=r"epochCount.*1.*5"):
        pipeline(stack, method=FineTuning(hyperparameters={"epochCount": 50}))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_rejected": 1.5}, "max_rejected must be a number from 0 to 1, got 1.5"),
        (
            {"max_rejected": float("nan")},
            "max_rejected must be a number",
        ),
        ({"max_tokens": 12.5}, "max_tokens must be a whole number, got 12.5"),
        ({"metric": "meteor"}, "'meteor' is not a valid MetricName"),
        ({"metric": "execution_accuracy"}, "needs a database"),
        ({"max_tokens": 0}, "max_tokens must be a number from 1 to 5000, got 0"),
    ],
)
def test_a_number_out_of_range_is_refused(stack, arguments, message):
    with pytest.raises(ValueError, match=message):
        pipeline(stack, **arguments)


@pytest.mark.parametrize("share", [-0.1, 0.9])
def test_a_split_that_leaves_too_little_is_refused(share):
    with pytest.raises(ValueError, match="test must be a number from"):
        DataSplit(test=share)


def test_a_split_that_leaves_nothing_to_train_on_is_refused():
    with pytest.raises(ValueError, match=r"validation \+ test must be a number from 0 to 0.8"):
        DataSplit(validation=0.5, test=0.5)


@pytest.mark.parametrize("prompt", ["text", "{text", "{}"])
def test_a_template_without_a_column_is_refused(prompt):
    with pytest.raises(ValueError, match="prompt must name at least one column"):
        RecordTemplate(prompt=prompt, completion="{category}")


def test_a_text_that_step_functions_would_evaluate_is_refused():
    with pytest.raises(ValueError, match="system must not start with"):
        RecordTemplate(prompt="{a}", completion="{b}", system="{% $states.input %}")


def test_context_without_a_base_model_is_refused():
    with pytest.raises(ValueError, match="bedrock_customization:baseModel is missing"):
        CustomizationStack.from_context(App(), "Stack")


@pytest.mark.parametrize(("given", "missing"), [("prompt", "completion"), ("completion", "prompt")])
def test_context_with_half_a_template_is_refused(given, missing):
    context = {
        "bedrock_customization:baseModel": "amazon.nova-micro-v1:0:128k",
        f"bedrock_customization:{given}": "{text}",
    }
    with pytest.raises(ValueError, match=f"bedrock_customization:{missing} is missing"):
        CustomizationStack.from_context(App(context=context), "Stack")


def test_value_objects_hold_the_fields_of_the_contract():
    assert RecordTemplate(prompt="{a}", completion="{b}").to_contract() == {
        "prompt": "{a}",
        "completion": "{b}",
        "system": None,
        "group_by": None,
        "stratify_by": None,
        "slice_by": None,
    }
    assert DataSplit().to_contract() == {"validation": 0.1, "test": 0.2, "seed": 0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shard_size": Size.bytes(100)}, "shard_size must be from 1 KiB to 1 GiB, got 100 bytes"),
        ({"shard_size": Size.gibibytes(2)}, "a function holds a shard on its disk"),
        ({"max_concurrency": 0}, "max_concurrency must be a number from 1 to 1000, got 0"),
    ],
)
def test_shards_that_no_function_could_take_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Sharding(**arguments)
