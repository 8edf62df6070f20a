"""The states, rights and requests of a custom model of Amazon Nova, in the template."""

import json

import pytest
from aws_cdk import App, Duration, Stack, aws_kms as kms, aws_s3 as s3
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    ModelImportPipeline,
    ModelStaging,
    OnDemand,
    ProvisionedThroughput,
    S3Model,
    SageMakerNovaModel,
)

PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/nova/1"
ESCROW = "s3://customer-escrow-123456789012-hp-1/model/"


def define(context, model, **given):
    stack = Stack(App(context=context), "Stack")
    pipeline = ModelImportPipeline(
        stack, "Pipeline", model=model(stack), base_model=BaseModel.NOVA_MICRO, **given
    )
    return pipeline, Template.from_stack(stack)


@pytest.fixture(scope="module")
def of_job(context):
    """A pipeline of a training job."""

    def model(stack):
        bucket = s3.Bucket.from_bucket_name(stack, "Outputs", "outputs")
        return SageMakerNovaModel.of_training_job("Train-1", bucket=bucket)

    return define(context, model, max_cost_usd=5)


@pytest.fixture(scope="module")
def of_package(context):
    """A pipeline of a model package that answers on throughput, with a key of the customer's."""
    stack = Stack(App(context=context), "Stack")
    pipeline = ModelImportPipeline(
        stack,
        "Pipeline",
        model=SageMakerNovaModel.of_model_package(PACKAGE),
        base_model=BaseModel.NOVA_MICRO,
        model_key=kms.Key(stack, "ModelKey"),
        deployment=ProvisionedThroughput(
            ttl=Duration.hours(2), max_hourly_cost_usd=200, allow_unknown_price=True
        ),
    )
    return pipeline, Template.from_stack(stack)


def statements(template, part):
    roles = template.find_resources("AWS::IAM::Role")
    (role,) = (found for name, found in roles.items() if part in name)
    (policy,) = role["Properties"]["Policies"]
    return policy["PolicyDocument"]["Statement"], role["Properties"]["AssumeRolePolicyDocument"]


def allowed(found):
    return {
        action: one
        for one in found
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }


def test_nothing_is_copied_and_the_model_is_deployed_like_any_custom_model(of_job, read_definition):
    states = read_definition(of_job[1])["States"]
    assert not {"Stage parts", "Start import"} & set(states)
    assert states["Find trained model"]["Next"] == "Create custom model"
    assert states["Create custom model"]["Next"] == "Wait for the custom model"
    assert states["Record custom model"]["Next"] == "Deploy candidate"
    assert states["Smoke test"]["Next"]


def test_the_request_is_the_runs_own_and_no_other_drives(of_job, read_definition):
    asked = read_definition(of_job[1])["States"]["Create custom model"]["Arguments"]["Payload"]
    for member in ("model_name", "token"):
        assert "RedriveCount" in asked[member]
    assert "'-model'" in asked["token"]
    assert set(asked["tags"]) == {"bedrock-customization:pipeline", "bedrock-customization:run"}


def test_waits_grow_and_end_within_a_day(of_job, read_definition):
    states = read_definition(of_job[1])["States"]
    wait = states["Wait for the custom model"]
    assert wait["Assign"] == {"model_wait": "{% $min([$model_wait * 2, 600]) %}"}
    assert "86400000" in json.dumps(states["Is the custom model made?"])


def test_bedrock_reads_the_accounts_escrow_buckets_and_nothing_else(of_job):
    found, trust = statements(of_job[1], "CustomModelCreationServiceRole")
    rights = allowed(found)
    assert set(rights) == {"s3:GetObject", "s3:ListBucket"}
    for one in rights.values():
        assert ":s3:::customer-escrow-" in json.dumps(one["Resource"])
    (statement,) = trust["Statement"]
    assert statement["Condition"]["StringEquals"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"}
    }
    assert "aws:SourceArn" in statement["Condition"]["ArnLikeIfExists"]


def test_a_model_is_deleted_only_if_a_run_made_it(of_job):
    for role in ("CandidateRemovalRemoveRole", "RunCleanupCleanUpRole"):
        rights = allowed(statements(of_job[1], role)[0])
        condition = rights["bedrock:DeleteCustomModel"]["Condition"]
        assert condition == {"StringLike": {"aws:ResourceTag/bedrock-customization:run": "?*"}}


def test_a_model_package_is_read_by_the_callers_rights(of_package):
    pipeline, template = of_package
    assert pipeline.model_import.service_role is None
    rights = allowed(statements(template, "CustomModelCreationCreateRole")[0])
    for action in ("sagemaker:DescribeModelPackage", "sagemaker:AccessModelPackageData"):
        assert rights[action]["Resource"] == PACKAGE
    assert "iam:PassRole" not in rights
    assert "kms:CreateGrant" in rights


def test_throughput_is_bought_for_it_where_that_is_asked(of_package, read_definition):
    states = read_definition(of_package[1])["States"]
    assert states["Deploy candidate"]["Resource"].endswith("createProvisionedModelThroughput")
    planned = states["Find trained model"]["Arguments"]["Payload"]["throughput"]
    assert planned == {"model_units": 1, "ttl_seconds": 7200}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda b: SageMakerNovaModel.of_training_job("-x", bucket=b), "training_job_name"),
        (lambda _: SageMakerNovaModel.of_artifacts("s3://mine/model/"), "customer-escrow-"),
        (lambda _: SageMakerNovaModel.of_model_package("nova/1"), "model_package_arn"),
        (
            lambda _: SageMakerNovaModel.of_artifacts(ESCROW).check(BaseModel.NOVA_2_LITE),
            "of which CreateCustomModel takes no models",
        ),
    ],
)
def test_sources_that_make_no_sense_are_refused_at_synth(make, told):
    stack = Stack(App(), "Stack")
    with pytest.raises(ValueError, match=told):
        make(s3.Bucket.from_bucket_name(stack, "Outputs", "outputs"))


@pytest.mark.parametrize(
    ("model", "given", "told"),
    [
        (
            lambda _: SageMakerNovaModel.of_artifacts(ESCROW),
            {"staging": ModelStaging()},
            "leave staging out",
        ),
        (
            lambda stack: S3Model(bucket=s3.Bucket.from_bucket_name(stack, "Mine", "mine")),
            {"deployment": OnDemand()},
            "leave deployment out",
        ),
    ],
)
def test_what_a_kind_of_model_has_no_use_for_is_refused(context, model, given, told):
    with pytest.raises(ValueError, match=told):
        define(context, model, **given)
