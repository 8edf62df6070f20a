"""What the packs of cdk-nag say of regulated pipelines: NIST 800-53 R5, HIPAA, PCI and our own two.

A pack that finds nothing leaves no trace, so each must find something in a stack that is open.
"""

import json
from types import SimpleNamespace

import cdk_nag
import pytest
from aws_cdk import App, Stack, Validations, aws_iam as iam, aws_lambda as lambda_, aws_s3 as s3
from aws_cdk.assertions import Template
from cfnlint.api import lint

from bedrock_customization import (
    BaseModel,
    CustomizationNetwork,
    CustomizationPipeline,
    CustomizationStorage,
    ExactMatch,
    Grader,
    ModelImportPipeline,
    Regulation,
    ReinforcementFineTuning,
    S3Model,
    Spark,
    _acknowledged,
)

PACKS = {
    "AwsSolutions": cdk_nag.AwsSolutionsChecks,
    "Serverless": cdk_nag.ServerlessChecks,
    "NIST.800.53.R5": cdk_nag.NIST80053R5Checks,
    "HIPAA.Security": cdk_nag.HIPAASecurityChecks,
    "PCI.DSS.321": cdk_nag.PCIDSS321Checks,
}
LONGEST_MANAGED_POLICY = 6144


def plain(stack):
    return CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, regulated=True)


def with_a_grader_and_things_of_ones_own(stack):
    network = CustomizationNetwork(stack, "Network")
    grader = Grader(stack, "Grader", reward=ExactMatch())
    network.connect(grader)
    Regulation.apply_to(grader)
    return CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_2_LITE,
        method=ReinforcementFineTuning(grader=grader),
        storage=CustomizationStorage(stack, "Storage"),
        spark=Spark(),
        network=network,
        regulated=True,
    )


def of_imports(stack):
    models = s3.Bucket.from_bucket_name(stack, "Models", "models-of-ours")
    return ModelImportPipeline(
        stack,
        "Pipeline",
        model=S3Model(bucket=models),
        base_model=BaseModel.NOVA_MICRO,
        regulated=True,
    )


def found_in(app):
    """Return the findings of all packs."""
    return {
        violation.rule_name
        for pack in PACKS.values()
        for violation in pack(app).validate_scope(app).violations
    }


class Acknowledgments(list):
    """What constructs acknowledge; kept from cdk-nag until it is told."""

    def of(self, scope):
        """Stand in for `Validations.of`."""
        return SimpleNamespace(acknowledge=lambda *given: self.append((scope, given)))


@pytest.fixture(
    scope="module",
    params=[plain, with_a_grader_and_things_of_ones_own, of_imports],
    ids=lambda define: define.__name__,
)
def regulated(request, context):
    """A regulated stack, and what is found in it before and after the reasons are told."""
    app = App(context=context)
    stack = Stack(app, "Stack")
    kept = Acknowledgments()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_acknowledged, "Validations", kept)
        pipeline = request.param(stack)
    found = found_in(app)
    for scope, given in kept:
        Validations.of(scope).acknowledge(*given)
    return SimpleNamespace(
        stack=stack,
        pipeline=pipeline,
        acknowledged=[(scope, one) for scope, given in kept for one in given],
        found=found,
        left=found_in(app),
        template=Template.from_stack(stack),
    )


def test_five_packs_find_nothing_that_is_not_acknowledged(regulated):
    assert regulated.left == set()


def test_an_acknowledgment_is_of_a_construct_and_answers_a_finding(regulated):
    stale = {one.id for _, one in regulated.acknowledged} ^ regulated.found
    # Functions acknowledge it wherever they are, and the pack looks into no managed policies.
    assert stale == {"Serverless-LambdaStarPermissions"}
    assert all(len(one.reason) >= 20 for _, one in regulated.acknowledged)
    assert not any(isinstance(scope, App | Stack) for scope, _ in regulated.acknowledged)


@pytest.mark.parametrize("pack", PACKS)
def test_each_pack_would_find_something(pack, context):
    app = App(context=context)
    stack = Stack(app, "Canary")
    s3.Bucket(stack, "Open")
    lambda_.Function(
        stack,
        "Plain",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("handler = print"),
    )
    findings = PACKS[pack](app).validate_scope(app).violations
    assert any(one.rule_name.startswith(pack) for one in findings)


@pytest.mark.slow
def test_cfn_lint_is_content(context):
    stack = Stack(App(context=context), "Stack")
    with_a_grader_and_things_of_ones_own(stack)
    # W3005: aws-cdk-lib writes dependencies that a reference already implies.
    matches = lint(json.dumps(Template.from_stack(stack).to_json()))
    assert [match for match in matches if match.rule.id != "W3005"] == []


def test_no_policy_is_part_of_a_role(regulated):
    template = regulated.template
    template.resource_count_is("AWS::IAM::Policy", 0)
    roles = template.find_resources("AWS::IAM::Role").values()
    assert roles
    assert not any(role["Properties"].get("Policies") for role in roles)


def test_managed_policies_are_short_enough_and_few_enough(regulated):
    template = regulated.template
    for policy in template.find_resources("AWS::IAM::ManagedPolicy").values():
        assert length_of(policy["Properties"]["PolicyDocument"]) <= LONGEST_MANAGED_POLICY
    for role in template.find_resources("AWS::IAM::Role").values():
        assert len(role["Properties"].get("ManagedPolicyArns", [])) < 5


def length_of(document):
    """Return how long a document is with each reference as an ARN of 120 characters."""

    def written(value):
        match value:
            case {"Fn::Join": [separator, parts]}:
                return separator.join(map(written, parts))
            case {"Ref": name} if name.startswith("AWS::"):
                return "x" * 14
            case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Select": _} | {"Fn::Sub": _}:
                return "x" * 120
            case dict():
                return {key: written(one) for key, one in value.items()}
            case list():
                return [written(one) for one in value]
        return value

    return len(json.dumps(written(document), separators=(",", ":")))


def test_functions_are_in_the_vpc_with_concurrency_of_their_own(regulated):
    functions = regulated.template.find_resources("AWS::Lambda::Function")
    for name, function in functions.items():
        assert function["Properties"]["VpcConfig"]["SubnetIds"], name
        assert function["Properties"]["ReservedConcurrentExecutions"] == 20, name


def test_every_log_is_encrypted_by_a_key_that_logs_may_use(regulated):
    groups = regulated.template.find_resources("AWS::Logs::LogGroup").values()
    keys = {json.dumps(group["Properties"]["KmsKeyId"]) for group in groups}
    assert len(keys) == 1
    (reference,) = keys
    (logical_id, _) = json.loads(reference)["Fn::GetAtt"]
    key = regulated.template.to_json()["Resources"][logical_id]
    assert "kms:EncryptionContext:aws:logs:arn" in json.dumps(key)


def test_rights_that_are_given_later_stand_in_a_managed_policy(context):
    stack = Stack(App(context=context), "Stack")
    pipeline = plain(stack)
    pipeline.state_machine.add_to_role_policy(
        iam.PolicyStatement(actions=["sqs:SendMessage"], resources=["arn:aws:sqs:::later"])
    )
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::IAM::Policy", 0)
    assert "sqs:::later" in json.dumps(template.find_resources("AWS::IAM::ManagedPolicy"))


def test_manifests_are_locked_in_the_bucket_of_artifacts_alone(context):
    stack = Stack(App(context=context), "Stack")
    plain(stack)
    buckets = Template.from_stack(stack).find_resources("AWS::S3::Bucket")
    locked = [
        one["Properties"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        for one in buckets.values()
        if "ObjectLockConfiguration" in one["Properties"]
    ]
    assert locked == [{"Days": 365, "Mode": "GOVERNANCE"}]
