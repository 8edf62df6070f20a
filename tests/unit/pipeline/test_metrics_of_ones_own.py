"""A metric that is a function or a database: what the states say, and which rights it takes."""

import json

import pytest
from aws_cdk import App, Stack, aws_kms as kms, aws_lambda as lambda_, aws_s3 as s3
from aws_cdk.assertions import Match, Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    ExecutionAccuracy,
    LambdaMetric,
    MetricName,
    RecordTemplate,
)


@pytest.fixture(scope="module")
def stack():
    return Stack(App(), "Metrics")


@pytest.fixture(scope="module")
def function(stack):
    return lambda_.Function.from_function_arn(
        stack, "Politeness", "arn:aws:lambda:eu-west-1:111111111111:function:politeness"
    )


def synthesized(metric, **options):
    stack = Stack(App(), "Tuned")
    CustomizationPipeline(
        stack,
        "Tuning",
        base_model=BaseModel.of("amazon.nova-micro-v1:0:128k"),
        metric=metric(stack),
        **options,
    )
    return Template.from_stack(stack)


def statements(template):
    """Return the statements of the role of the function that compares answers."""
    (policy,) = [
        found["Properties"]["PolicyDocument"]["Statement"]
        for name, found in template.find_resources("AWS::IAM::Policy").items()
        if "ModelEvaluationCompare" in name
    ] or [[]]
    roles = template.find_resources("AWS::IAM::Role")
    inline = [
        statement
        for name, role in roles.items()
        if "ModelEvaluationCompare" in name
        for one in role["Properties"].get("Policies", [])
        for statement in one["PolicyDocument"]["Statement"]
    ]
    return [*policy, *inline]


def told(template):
    """Return the definition of the state machine as text."""
    (machine,) = template.find_resources("AWS::StepFunctions::StateMachine").values()
    return json.dumps(machine["Properties"]["DefinitionString"]).replace("\\", "")


def test_a_function_of_ones_own_may_be_invoked_and_nothing_else():
    arn = "arn:aws:lambda:eu-west-1:111111111111:function:politeness"
    template = synthesized(
        lambda stack: LambdaMetric(
            function=lambda_.Function.from_function_arn(stack, "Own", arn), name="politeness"
        )
    )
    invoking = [one for one in statements(template) if "lambda:InvokeFunction" in one["Action"]]
    assert [one["Resource"] for one in invoking] == [arn]
    text = told(template)
    assert '"metric":"politeness"' in text
    assert '"own_metric":{"name":"politeness"' in text
    assert '"binary":false' in text


def test_a_database_may_be_read_with_its_key_and_nothing_else_in_its_bucket():
    def metric(stack):
        bucket = s3.Bucket(stack, "Databases", encryption_key=kms.Key(stack, "Key"))
        return ExecutionAccuracy(bucket=bucket, key="shop/shop.sqlite")

    template = synthesized(metric)
    text = json.dumps(statements(template))
    assert "/shop/shop.sqlite" in text
    assert '"metric":"execution_accuracy"' in told(template)
    template.has_resource_properties("AWS::S3::Bucket", Match.object_like({}))


@pytest.mark.parametrize("name", ["", "Polite", "a b", "accuracy", "x" * 41, "9x"])
def test_a_name_that_is_none_or_is_taken_is_refused(function, name):
    with pytest.raises(ValueError, match="name must be up to 40 small letters"):
        LambdaMetric(function=function, name=name)


@pytest.mark.parametrize("key", ["", "folder/"])
def test_a_key_that_names_no_file_is_refused(stack, key):
    bucket = s3.Bucket.from_bucket_name(stack, f"B{len(key)}", "databases")
    with pytest.raises(ValueError, match="key must be that of a SQLite file"):
        ExecutionAccuracy(bucket=bucket, key=key)


def test_the_columns_of_slices_reach_the_preparation():
    template = synthesized(
        lambda _: MetricName.MACRO_F1,
        template=RecordTemplate(
            prompt="{text}", completion="{label}", slice_by=("language", "product")
        ),
    )
    assert '"slice_by":["language","product"]' in told(template)


def test_a_single_column_must_stand_in_a_list():
    with pytest.raises(ValueError, match="slice_by must be a list of columns, got 'language'"):
        RecordTemplate(prompt="{a}", completion="{b}", slice_by="language")


def test_a_column_that_step_functions_would_evaluate_is_refused():
    with pytest.raises(ValueError, match="slice_by must not start with"):
        RecordTemplate(prompt="{a}", completion="{b}", slice_by=["{% $x %}"])
