"""Early stopping and the losses' metrics in a template."""

import pytest
from aws_cdk import App, Stack, aws_lambda as lambda_
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    Distillation,
    EarlyStopping,
    ReinforcementFineTuning,
)


@pytest.fixture(scope="module")
def states(context, read_definition):
    stack = Stack(App(context=context), "Stack")
    CustomizationPipeline(
        stack, "P", base_model=BaseModel.NOVA_MICRO, early_stopping=EarlyStopping(patience=2)
    )
    return read_definition(Template.from_stack(stack))["States"]


def test_the_watcher_is_told_when_to_stop(states):
    watch = states["Customize and watch"]["Branches"][1]["States"]["Watch job"]
    assert watch["Arguments"]["Payload"]["early_stopping"] == {
        "patience": 2,
        "min_improvement": 0,
    }


def test_a_job_that_turned_is_stopped_and_the_run_says_so(states):
    ways = {way["ErrorEquals"][0]: way["Next"] for way in states["Customize and watch"]["Catch"]}
    assert ways["CustomizationStoppedEarly"] == "Stop turned job"
    assert states["Stop turned job"]["Next"] == "Customization stopped early"
    failure = states["Customization stopped early"]["Assign"]["failure"]
    assert failure["error"] == "CustomizationStoppedEarly"


def test_without_early_stopping_nothing_of_it_is_there(definition):
    assert "Stop turned job" not in definition["States"]
    assert "early_stopping" not in str(definition)


@pytest.mark.parametrize(
    ("model", "method", "message"),
    [
        (BaseModel.NOVA_2_LITE, None, "takes no validation set: leave it out, or choose amazon"),
        (
            BaseModel.NOVA_LITE,
            Distillation(teacher="amazon.nova-pro-v1:0"),
            "DISTILLATION of amazon.nova-lite.* takes no validation set: leave it out$",
        ),
    ],
)
def test_a_job_without_validation_loss_cannot_be_stopped_by_it(stack, model, method, message):
    with pytest.raises(ValueError, match=message):
        CustomizationPipeline(
            stack, "P", base_model=model, method=method, early_stopping=EarlyStopping()
        )


def test_rewards_are_no_validation_loss(stack):
    grader = lambda_.Function.from_function_arn(
        stack, "Grader", "arn:aws:lambda:us-east-1:123456789012:function:grader"
    )
    with pytest.raises(ValueError, match="leaves rewards instead"):
        CustomizationPipeline(
            stack,
            "P",
            base_model=BaseModel.NOVA_2_LITE,
            method=ReinforcementFineTuning(grader=grader),
            early_stopping=EarlyStopping(),
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"patience": 0}, "patience must be a number from 1 to 100, got 0"),
        ({"patience": 1.5}, "patience must be a whole number"),
        ({"min_improvement": -1}, "min_improvement must be a number from 0 to 100"),
    ],
)
def test_figures_that_make_no_sense_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**given)


def test_losses_may_be_published_in_the_own_namespace_alone(template):
    (statement,) = [
        statement
        for role in template.find_resources("AWS::IAM::Role").values()
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "cloudwatch:PutMetricData"
    ]
    assert statement["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": "BedrockCustomization"}
    }


def test_losses_can_be_put_on_a_dashboard(deployable_stack):
    pipeline = deployable_stack.pipeline
    for name, metric in (
        ("TrainingLoss", pipeline.metric_training_loss(label="Training")),
        ("ValidationLoss", pipeline.metric_validation_loss()),
    ):
        assert (metric.namespace, metric.metric_name) == ("BedrockCustomization", name)
        assert list(metric.dimensions) == ["Pipeline"]
