"""Manifests are signed by the functions that write them, if that is asked for."""

import json

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from bedrock_customization import Approval, BaseModel, CustomizationPipeline, CustomizationStorage

WRITERS = {
    "CandidateRemovalRemove",
    "RecordRun",
    "RunCleanupCleanUp",
    "RunStart",
    "DataPreparationPrepare",
    "ModelCustomizationCustomize",
    "ModelEvaluationCompare",
    "ApprovalRequest",
    "PromotionGateDecide",
    "PromotionGatePromote",
}


@pytest.fixture(scope="module")
def resources(context):
    stack = Stack(App(context=context), "Signed")
    storage = CustomizationStorage(stack, "Storage", sign_manifests=True)
    pipeline = CustomizationPipeline(
        stack,
        "P",
        base_model=BaseModel.NOVA_MICRO,
        approval=Approval(),
        storage=storage,
    )
    pipeline.define_outputs()
    template = Template.from_stack(stack).to_json()
    assert "SigningKeyArn" in template["Outputs"]
    return template["Resources"]


def holding(resources, kind, text):
    """Return the names of resources of a kind that hold a text, without prefix and digest."""
    return {
        name[1:-8]
        for name, one in resources.items()
        if one["Type"] == kind and text in json.dumps(one)
    }


def test_only_functions_that_write_manifests_may_sign(resources):
    assert holding(resources, "AWS::IAM::Role", "kms:Sign") == {f"{one}Role" for one in WRITERS}
    assert not holding(resources, "AWS::IAM::Policy", "kms:Sign")


def test_who_may_sign_knows_the_key(resources):
    told = holding(resources, "AWS::Lambda::Function", "MANIFEST_SIGNING_KEY")
    assert told == {f"{one}Function" for one in WRITERS}


def test_the_key_signs_and_nothing_else_and_outlives_the_stack(resources):
    (key,) = [
        one
        for name, one in resources.items()
        if one["Type"] == "AWS::KMS::Key" and "SigningKey" in name
    ]
    assert key["Properties"]["KeySpec"] == "ECC_NIST_P256"
    assert key["Properties"]["KeyUsage"] == "SIGN_VERIFY"
    assert key["DeletionPolicy"] == "Retain"
