"""Distillation, invocation logging and further customization, as the template says."""

import json

import cdk_nag
import pytest
from aws_cdk import App, Aws, Duration, Stack, aws_kms as kms, aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStorage,
    Distillation,
    FineTuning,
    InvocationLogging,
    InvocationLogs,
    LogBucket,
    RequestMetadata,
)

TEACHER = "amazon.nova-pro-v1:0"
NOVA = "amazon.nova-micro-v1:0:128k"
PARENT = f"arn:aws:bedrock:us-east-1:123456789012:custom-model/{NOVA}/abcdefghijkl"
LOGS = InvocationLogs(
    request_metadata=RequestMetadata.and_all(
        RequestMetadata.equals("project", "bank"), RequestMetadata.not_equals("stage", "test")
    ),
    use_prompt_response=True,
)


@pytest.fixture(scope="module")
def distilling(context):
    """A pipeline that distils from logs, and the logging."""
    stack = Stack(App(context=context), "Distillation")
    pipeline = CustomizationPipeline(
        stack,
        "Tuning",
        base_model=BaseModel.NOVA_MICRO,
        method=Distillation(teacher=TEACHER, logs=LOGS),
    )
    InvocationLogging(stack, "Logging", storage=pipeline.storage, keep_for=Duration.days(30))
    return stack


@pytest.fixture(scope="module")
def distillation(distilling):
    return Template.from_stack(distilling)


def test_preparation_is_told_which_logs_to_learn_from(distillation, read_definition):
    states = read_definition(distillation)["States"]
    logs = states["Prepare data"]["Arguments"]["Payload"]["logs"]
    assert logs == {
        "teacher": TEACHER,
        "use_prompt_response": True,
        "request_metadata_filters": {
            "andAll": [{"equals": {"project": "bank"}}, {"notEquals": {"stage": "test"}}]
        },
    }
    assert states["Plan preparation"]["Arguments"]["Payload"]["preparation"]["logs"] == logs


def test_other_methods_say_nothing_of_logs_teachers_and_parents(definition):
    written = json.dumps(definition)
    assert not any(word in written for word in ('"logs"', '"teacher"', '"parent"'))


def test_the_teacher_answers_blind_prompts_and_may_be_invoked_for_that(
    distillation, read_definition
):
    states = read_definition(distillation)["States"]
    models = states["Plan blind test"]["Arguments"]["Payload"]["models"]
    assert models[2] == {"name": "teacher", "id": TEACHER}
    roles = distillation.find_resources("AWS::IAM::Role")
    (role,) = [one for name, one in roles.items() if "EvaluationAnswer" in name]
    assert f"foundation-model/{TEACHER}" in json.dumps(role["Properties"]["Policies"])


CONDITION = {
    "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    "ArnLike": {
        "aws:SourceArn": {
            "Fn::Join": [
                "",
                [
                    "arn:",
                    {"Ref": "AWS::Partition"},
                    ":bedrock:",
                    {"Ref": "AWS::Region"},
                    ":",
                    {"Ref": "AWS::AccountId"},
                    ":*",
                ],
            ]
        }
    },
}


def test_only_bedrock_of_this_account_writes_logs_and_only_there(distillation):
    distillation.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        {
                            "Sid": "ModelInvocationLogs",
                            "Effect": "Allow",
                            "Action": "s3:PutObject",
                            "Principal": {"Service": "bedrock.amazonaws.com"},
                            "Condition": CONDITION,
                            "Resource": {
                                "Fn::Join": [
                                    "",
                                    [
                                        Match.any_value(),
                                        "/incoming/invocation-logs/AWSLogs/",
                                        {"Ref": "AWS::AccountId"},
                                        "/BedrockModelInvocationLogs/*",
                                    ],
                                ]
                            },
                        }
                    ]
                )
            }
        },
    )
    distillation.has_resource_properties(
        "AWS::KMS::Key",
        {
            "KeyPolicy": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Sid": "ModelInvocationLogs",
                                "Action": "kms:GenerateDataKey",
                                "Principal": {"Service": "bedrock.amazonaws.com"},
                                "Condition": CONDITION,
                            }
                        )
                    ]
                )
            }
        },
    )


def test_the_function_may_configure_logging_and_nothing_else(distillation):
    roles = distillation.find_resources("AWS::IAM::Role")
    (role,) = [one for name, one in roles.items() if name.startswith("LoggingConfigure")]
    (policy,) = role["Properties"]["Policies"]
    actions = {
        action
        for statement in policy["PolicyDocument"]["Statement"]
        for action in statement["Action"]
        if action.startswith("bedrock:")
    }
    assert actions == {
        "bedrock:GetModelInvocationLoggingConfiguration",
        "bedrock:PutModelInvocationLoggingConfiguration",
        "bedrock:DeleteModelInvocationLoggingConfiguration",
    }


def test_outputs_are_the_commands_that_turn_logging_on_and_off(distillation):
    written = {
        name: json.dumps(output["Value"]) for name, output in distillation.find_outputs("*").items()
    }
    (on,) = [value for name, value in written.items() if "TurnOn" in name]
    (off,) = [value for name, value in written.items() if "TurnOff" in name]
    assert "aws lambda invoke --function-name " in on
    assert "turn-on" in on
    assert "turn-off" in off


def test_logs_are_deleted_after_a_while_if_that_is_asked(distillation):
    distillation.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "LifecycleConfiguration": {
                "Rules": Match.array_with(
                    [
                        {
                            "ExpirationInDays": 30,
                            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                            "Prefix": "incoming/invocation-logs/",
                            "Status": "Enabled",
                        }
                    ]
                )
            }
        },
    )


@pytest.mark.parametrize("pack", [cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks])
def test_cdk_nag_has_nothing_to_say(pack, distilling):
    assert [one.rule_name for one in pack(distilling).validate_scope(distilling).violations] == []


@pytest.fixture
def imported(context):
    """Storage on a bucket and key of somebody else's stack."""
    stack = Stack(App(context=context), "Imported")
    key = kms.Key.from_key_arn(
        stack, "Key", f"arn:aws:kms:{Aws.REGION}:{Aws.ACCOUNT_ID}:key/1234abcd"
    )
    bucket = s3.Bucket.from_bucket_name(stack, "Data", "theirs")
    return CustomizationStorage(stack, "Storage", data_bucket=bucket, key=key)


def test_policies_out_of_reach_are_a_warning(imported):
    stack = Stack.of(imported)
    InvocationLogging(stack, "Logging", storage=imported)
    Annotations.from_stack(stack).has_warning(
        "/Imported/Logging", Match.string_like_regexp("imported bucket and key is out of reach")
    )


def test_a_bucket_of_ones_own_has_a_lifecycle_of_its_own(imported):
    with pytest.raises(ValueError, match="keep_for must be left out for a data bucket of your own"):
        InvocationLogging(
            Stack.of(imported), "Logging", storage=imported, keep_for=Duration.days(3)
        )


def test_logs_may_lie_in_a_bucket_of_another_team(context, read_definition):
    stack = Stack(App(context=context), "Theirs")
    key = kms.Key.from_key_arn(
        stack, "Key", f"arn:aws:kms:{Aws.REGION}:{Aws.ACCOUNT_ID}:key/1234abcd"
    )
    bucket = LogBucket(
        bucket=s3.Bucket.from_bucket_name(stack, "Central", "central-logs"),
        prefix="bedrock/",
        key=key,
    )
    CustomizationPipeline(
        stack,
        "Tuning",
        base_model=BaseModel.NOVA_MICRO,
        method=Distillation(teacher=TEACHER, logs=InvocationLogs(bucket=bucket)),
    )
    template = Template.from_stack(stack)
    start = read_definition(template)["States"]["Start run"]["Arguments"]["Payload"]
    assert start["logs"] == "s3://central-logs/bedrock/"
    roles = template.find_resources("AWS::IAM::Role")
    readers = {
        name
        for name, role in roles.items()
        if ":s3:::central-logs/bedrock/*" in (written := json.dumps(role["Properties"]))
        and "key/1234abcd" in written
    }
    assert len(readers) == 1
    assert "DataPreparationPrepare" in readers.pop()
    for pack in (cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks):
        assert [one.rule_name for one in pack(stack).validate_scope(stack).violations] == []


@pytest.mark.parametrize("prefix", ["bedrock", "/bedrock/", "/"])
def test_the_prefix_of_a_log_bucket_is_a_folder(stack, prefix):
    with pytest.raises(ValueError, match="prefix must be a folder like logs/"):
        LogBucket(bucket=s3.Bucket.from_bucket_name(stack, "Central", "logs"), prefix=prefix)


def test_filters_that_bedrock_refuses_are_refused_at_synth():
    with pytest.raises(ValueError, match="a key of equals must be"):
        RequestMetadata.equals("", "x")
    with pytest.raises(ValueError, match="1 to 16 conditions, got 0"):
        RequestMetadata.or_all()
    with pytest.raises(ValueError, match="takes equals and notEquals"):
        RequestMetadata.and_all(RequestMetadata.or_all(RequestMetadata.equals("a", "b")))


def test_a_job_goes_on_from_a_custom_model(context, read_definition):
    stack = Stack(App(context=context), "Further")
    CustomizationPipeline(
        stack,
        "Tuning",
        base_model=BaseModel.NOVA_MICRO.customized(PARENT),
        method=FineTuning(),
    )
    states = read_definition(Template.from_stack(stack))["States"]
    job = states["Customize and watch"]["Branches"][0]["States"]["Customize model"]["Arguments"]
    assert job["BaseModelIdentifier"] == PARENT
    for name in ("Plan customization", "Start run"):
        payload = states[name]["Arguments"]["Payload"]
        assert (payload["base_model"], payload["parent"]) == (NOVA, PARENT)
    models = states["Plan blind test"]["Arguments"]["Payload"]["models"]
    assert models[0] == {"name": "base", "id": "amazon.nova-micro-v1:0"}


@pytest.mark.parametrize(
    "arn",
    [
        "my-model",
        PARENT.replace(NOVA, "imported"),
        PARENT.replace(NOVA, "amazon.nova-lite-v1:0:300k"),
        PARENT.replace("custom-model", "custom-model-deployment"),
        f"{PARENT}0",
    ],
)
def test_what_is_no_custom_model_of_the_base_model_is_refused(arn):
    with pytest.raises(ValueError, match="must be the ARN of a custom model of this base model"):
        BaseModel.NOVA_MICRO.customized(arn)


def test_a_parent_may_be_known_only_when_the_stack_is_deployed():
    assert BaseModel.NOVA_MICRO.customized(Aws.STACK_ID).id_for_job == Aws.STACK_ID
