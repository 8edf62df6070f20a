"""What housekeeping is in a template: who ticks, what its role may touch, what is refused."""

import json

import cdk_nag
import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk.assertions import Template

from bedrock_customization import BaseModel, CustomizationPipeline, Housekeeping
from bedrock_customization_runtime.contract import PIPELINE_TAG

_TAG = f"aws:ResourceTag/{PIPELINE_TAG}"


@pytest.fixture(scope="module")
def kept(context):
    """A stack with two pipelines and their housekeeping, which never takes data or models."""
    stack = Stack(App(context=context), "Kept")
    pipelines = [
        CustomizationPipeline(stack, name, base_model=BaseModel.NOVA_MICRO) for name in ("A", "B")
    ]
    Housekeeping(stack, "Housekeeping", pipelines=pipelines)
    return stack


@pytest.fixture(scope="module")
def template(kept):
    return Template.from_stack(kept)


@pytest.fixture(scope="module")
def statements(template):
    """The policy of the function's role."""
    roles = template.find_resources("AWS::IAM::Role")
    (role,) = [one for name, one in roles.items() if "HousekeepingKeepHouse" in name]
    (policy,) = role["Properties"]["Policies"]
    return policy["PolicyDocument"]["Statement"]


def actions_of(statement):
    actions = statement["Action"]
    return {actions} if isinstance(actions, str) else set(actions)


def test_each_pipeline_is_looked_at_every_half_hour(template):
    rules = template.find_resources("AWS::Events::Rule")
    (rule,) = [one for name, one in rules.items() if "HousekeepingTick" in name]
    assert rule["Properties"]["ScheduleExpression"] == "rate(30 minutes)"
    inputs = [json.dumps(target["Input"]) for target in rule["Properties"]["Targets"]]
    assert len(inputs) == 2
    for name, text in zip("AB", inputs, strict=True):
        assert f"{name}StateMachine" in text
        assert '\\"dry_run\\":false' in text
        assert '\\"limits\\":{\\"stall_seconds\\":172800,\\"idle_seconds\\":86400}' in text


def test_nothing_is_deleted_or_stopped_but_what_carries_the_tag_of_these_pipelines(statements):
    taking = [
        one
        for one in statements
        if any(a.startswith(("bedrock:Delete", "bedrock:Stop")) for a in actions_of(one))
    ]
    assert {action for one in taking for action in actions_of(one)} == {
        "bedrock:DeleteCustomModelDeployment",
        "bedrock:DeleteImportedModel",
        "bedrock:DeleteProvisionedModelThroughput",
        "bedrock:StopEvaluationJob",
        "bedrock:StopModelCustomizationJob",
    }
    for one in taking:
        assert len(one["Condition"]["StringEquals"][_TAG]) == 2
        assert set(one["Condition"]) == {"StringEquals"}


def test_without_a_retention_neither_models_nor_data_can_be_deleted(statements):
    deleting = [one for one in statements if "s3:DeleteObject" in actions_of(one)]
    assert all("/scratch/*" in json.dumps(one["Resource"]) for one in deleting)
    assert not any("bedrock:DeleteCustomModel" in actions_of(one) for one in statements)


def test_it_is_told_apart_from_what_could_be_done_to_the_blind_set(statements):
    blind = [one for one in statements if "StorageBlind" in json.dumps(one["Resource"])]
    assert {action for one in blind for action in actions_of(one)} == {
        "s3:AbortMultipartUpload",
        "s3:ListBucketMultipartUploads",
    }


@pytest.mark.parametrize("pack", [cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks])
def test_the_rules_of_cdk_nag_find_nothing(kept, pack):
    assert not pack(kept).validate_scope(kept).violations


def test_retentions_give_the_rights_that_they_need(context):
    stack = Stack(App(context=context), "Retaining")
    pipeline = CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO)
    Housekeeping(
        stack,
        "Housekeeping",
        pipelines=[pipeline],
        every=Duration.hours(1),
        dry_run=True,
        stall_limit=Duration.hours(3),
        idle_after=Duration.hours(2),
        model_retention=Duration.days(30),
        data_retention=Duration.days(60),
        artifacts_retention=Duration.days(365),
    )
    text = json.dumps(Template.from_stack(stack).to_json())
    assert '"bedrock:DeleteCustomModel"' in text
    limits = {"stall_seconds": 10800, "idle_seconds": 7200}
    limits |= {"model_days": 30, "data_days": 60, "artifacts_days": 365}
    written = json.dumps(json.dumps(limits, separators=(",", ":"))).strip('"')
    assert f'\\"limits\\":{written}'.replace("\\\\", "\\") in text
    assert '\\"dry_run\\":true' in text


def test_a_sixth_pipeline_gets_a_rule_of_its_own_and_changes_no_other(context):
    stack = Stack(App(context=context), "Six")
    pipeline = CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO)
    Housekeeping(stack, "Housekeeping", pipelines=[pipeline] * 6)
    rules = Template.from_stack(stack).find_resources("AWS::Events::Rule")
    targets = {
        name[: len(name) - 8]: len(rule["Properties"]["Targets"])
        for name, rule in rules.items()
        if name.startswith("Housekeeping")
    }
    assert targets == {"HousekeepingTick": 5, "HousekeepingTick2": 1}


def test_pipelines_may_be_of_other_stacks(context):
    app = App(context=context)
    pipelines = [
        CustomizationPipeline(Stack(app, name), "Pipeline", base_model=BaseModel.NOVA_MICRO)
        for name in ("First", "Second")
    ]
    stack = Stack(app, "Kept")
    Housekeeping(stack, "Housekeeping", pipelines=pipelines)
    text = json.dumps(Template.from_stack(stack).to_json())
    # Each alias has a part of its own stack's id in its name, never of this one's.
    assert '"AWS::StackId"' not in text
    for pipeline in pipelines:
        outputs = Template.from_stack(Stack.of(pipeline)).to_json()["Outputs"].values()
        assert {"Ref": "AWS::StackId"} in [output["Value"] for output in outputs]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"every": Duration.hours(2)}, "every must be a number from 300 to 3600"),
        ({"stall_limit": Duration.minutes(5)}, "stall_limit must be a number from 3600"),
        ({"idle_after": Duration.days(15)}, "idle_after must be a number from 3600"),
        ({"model_retention": Duration.days(14)}, "model_retention must be a number from 15"),
        ({"data_retention": Duration.days(1)}, "data_retention must be a number from 15"),
        ({"artifacts_retention": Duration.days(30)}, "no shorter than model_retention"),
        (
            {
                "artifacts_retention": Duration.days(30),
                "model_retention": Duration.days(20),
                "data_retention": Duration.days(31),
            },
            "no shorter than data_retention, got 30 days and 31 days",
        ),
    ],
)
def test_times_out_of_range_are_refused(context, given, said):
    stack = Stack(App(context=context), "Wrong")
    with pytest.raises(ValueError, match=said):
        Housekeeping(stack, "Housekeeping", pipelines=[None], **given)


def test_a_house_without_a_pipeline_is_refused(context):
    with pytest.raises(ValueError, match="pipelines must name at least one"):
        Housekeeping(Stack(App(context=context), "Wrong"), "Housekeeping", pipelines=[])
