"""What roles may do, as the template says."""

import json

import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Match, Template

from bedrock_customization import BaseModel, CustomizationPipeline, CustomizationStorage
from bedrock_customization.service_role import JobKind, ServiceRole


def statements_of(template, role_fragment):
    """Return the statements of the roles whose logical id holds a text, inline ones included."""
    attached = [
        statement
        for policy in template.find_resources("AWS::IAM::Policy").values()
        for role in policy["Properties"]["Roles"]
        if role_fragment in role["Ref"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    inline = [
        statement
        for name, role in template.find_resources("AWS::IAM::Role").items()
        if role_fragment in name
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    return attached + inline


def roles_of(template):
    """Return each role's logical id with its statements."""
    return {
        name: statements_of(template, name) for name in template.find_resources("AWS::IAM::Role")
    }


def actions_of(statements, effect="Allow"):
    return {
        action
        for statement in statements
        if statement["Effect"] == effect
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }


def test_only_bedrock_assumes_the_service_role_for_jobs_of_this_account(template):
    template.has_resource_properties(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {
                "Statement": [
                    {
                        "Action": "sts:AssumeRole",
                        "Effect": "Allow",
                        "Principal": {"Service": "bedrock.amazonaws.com"},
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                            "ArnLike": {
                                "aws:SourceArn": {
                                    "Fn::Join": [
                                        "",
                                        Match.array_with([":model-customization-job/*"]),
                                    ]
                                }
                            },
                        },
                    }
                ]
            }
        },
    )


def test_the_service_role_reads_prepared_records_and_writes_job_outputs_alone(template):
    statements = statements_of(template, "ServiceRole")
    assert actions_of(statements) == {
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
        "kms:Decrypt",
        "kms:GenerateDataKey",
    }
    objects = {
        resource["Fn::Join"][1][1]
        for statement in statements
        if statement["Effect"] == "Allow" and statement["Resource"] != "*"
        for resource in (
            statement["Resource"]
            if isinstance(statement["Resource"], list)
            else [statement["Resource"]]
        )
        if "Fn::Join" in resource
    }
    assert objects == {"/runs/*/prepared/*", "/runs/*/customization/*"}


@pytest.mark.parametrize(
    ("base_model", "reads_media"), [(BaseModel.NOVA_LITE, True), (BaseModel.NOVA_MICRO, False)]
)
def test_roles_read_media_only_where_the_base_model_takes_them(stack, base_model, reads_media):
    CustomizationPipeline(stack, "Tuning", base_model=base_model)
    template = Template.from_stack(stack)
    readers = {
        name
        for name, statements in roles_of(template).items()
        if '/media/*"' in json.dumps(statements)
    }
    assert len(readers) == (2 if reads_media else 0)
    assert any("ServiceRole" in name for name in readers) == reads_media


def test_the_service_role_is_denied_the_blind_bucket_and_its_key(template):
    statements = statements_of(template, "ServiceRole")
    assert actions_of(statements, "Deny") == {"s3:*", "kms:*"}


def test_the_blind_bucket_itself_denies_the_service_role(template):
    template.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "Bucket": {"Ref": Match.string_like_regexp("StorageBlind")},
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Effect": "Deny",
                                "Action": "s3:*",
                                "Principal": {
                                    "AWS": {
                                        "Fn::GetAtt": [
                                            Match.string_like_regexp("ServiceRole"),
                                            "Arn",
                                        ]
                                    }
                                },
                            }
                        )
                    ]
                )
            },
        },
    )


def test_the_state_machine_passes_one_role_to_bedrock_alone(template):
    (statement,) = [
        statement
        for statement in statements_of(template, "StateMachineRole")
        if statement["Action"] == "iam:PassRole"
    ]
    assert statement["Condition"] == {
        "StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}
    }
    assert "ServiceRole" in statement["Resource"]["Fn::GetAtt"][0]


def test_the_state_machine_may_watch_and_stop_the_job_it_waits_for(template):
    actions = actions_of(statements_of(template, "StateMachineRole"))
    assert {
        "bedrock:CreateModelCustomizationJob",
        "bedrock:GetModelCustomizationJob",
        "bedrock:StopModelCustomizationJob",
        "bedrock:TagResource",
    } <= actions


def test_the_state_machine_can_publish_to_its_encrypted_topic(template):
    actions = actions_of(statements_of(template, "StateMachineRole"))
    assert {"sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"} <= actions


def test_no_policy_allows_a_wildcard_action(template):
    for name, statements in roles_of(template).items():
        assert not [action for action in actions_of(statements) if "*" in action], name


def test_only_functions_that_need_the_blind_set_may_read_it(template):
    readers = {
        name
        for name, statements in roles_of(template).items()
        for statement in statements
        if statement["Effect"] == "Allow"
        and "s3:GetObject" in statement["Action"]
        and "StorageBlind" in str(statement["Resource"])
    }
    assert {name.split("Role")[0] for name in readers} == {
        "PipelineModelEvaluationAnswer",
        "PipelineModelEvaluationCompare",
    }


def test_functions_log_to_one_group_alone(template):
    functions = template.find_resources("AWS::Lambda::Function").values()
    [group] = {each["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] for each in functions}
    writing = [
        statement["Resource"]
        for statements in roles_of(template).values()
        for statement in statements
        if "logs:PutLogEvents" in statement["Action"]
    ]
    assert writing == [{"Fn::GetAtt": [group, "Arn"]}] * len(functions)
    for role in template.find_resources("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]


def test_a_service_role_of_your_own_gets_the_rights_and_the_denials(stack):
    own = iam.Role(stack, "Own", assumed_by=iam.ServicePrincipal("bedrock.amazonaws.com"))
    storage = CustomizationStorage(stack, "Storage")
    ServiceRole(stack, "Role", kind=JobKind.CUSTOMIZATION, storage=storage, role=own)
    statements = statements_of(Template.from_stack(stack), "Own")
    assert "s3:PutObject" in actions_of(statements)
    assert actions_of(statements, "Deny") == {"s3:*", "kms:*"}


def test_grants_give_no_more_than_they_say(stack):
    pipeline = CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO)

    grants = {
        "Starter": pipeline.grant_start,
        "Uploader": pipeline.grant_put_data,
        "Reader": pipeline.grant_read_artifacts,
        "Consumer": pipeline.alias.grant_invoke,
    }
    for name, grant in grants.items():
        role = iam.Role(stack, name, assumed_by=iam.AccountRootPrincipal())
        grant(role).assert_success()
    template = Template.from_stack(stack)

    def granted(name):
        return actions_of(statements_of(template, name))

    assert granted("Starter") == {"states:StartExecution"}
    assert granted("Uploader") == {
        "s3:PutObject",
        "s3:AbortMultipartUpload",
        "kms:GenerateDataKey",
        "kms:Decrypt",
    }
    assert granted("Reader") == {
        "s3:GetObject",
        "s3:ListBucket",
        "kms:Decrypt",
    }
    assert granted("Consumer") == {
        "ssm:GetParameter",
        "bedrock:InvokeModel",
        "bedrock:InvokeModelWithResponseStream",
    }
