"""The monthly budget: what it counts, who is told, and that AWS Budgets can tell them."""

import pytest
from aws_cdk import App, Stack, aws_kms as kms, aws_sns as sns
from aws_cdk.assertions import Annotations, Match, Template
from cdk_nag import AwsSolutionsChecks

from bedrock_customization import (
    BaseModel,
    CustomizationBudget,
    CustomizationPipeline,
    Distillation,
    ExactMatch,
    Grader,
    ReinforcementFineTuning,
)
from bedrock_customization_runtime.contract import PIPELINE_TAG


def stack_with(context, *, topic=None):
    """Return a stack with a pipeline and its budget."""
    stack = Stack(App(context=context), "Budgeted")
    pipeline = CustomizationPipeline(
        stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, topic=topic(stack) if topic else None
    )
    CustomizationBudget(stack, "Budget", pipeline=pipeline, monthly_limit_usd=250)
    return stack


@pytest.fixture(scope="module")
def stack(context):
    return stack_with(context)


@pytest.fixture(scope="module")
def budgeted(stack):
    return Template.from_stack(stack)


def test_a_month_of_what_carries_the_pipelines_tag_is_counted(budgeted):
    budgeted.has_resource_properties(
        "AWS::Budgets::Budget",
        {
            "Budget": {
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": 250, "Unit": "USD"},
                "CostTypes": {"IncludeCredit": False, "IncludeRefund": False},
                "CostFilters": {
                    "TagKeyValue": [
                        {
                            "Fn::Join": [
                                "",
                                [
                                    f"user:{PIPELINE_TAG}$",
                                    {
                                        "Fn::GetAtt": [
                                            Match.string_like_regexp("^PipelineStateMachine"),
                                            "Name",
                                        ]
                                    },
                                ],
                            ]
                        }
                    ]
                },
            }
        },
    )


def test_people_are_told_at_four_fifths_and_when_the_forecast_is_above_all(budgeted):
    ((_, budget),) = budgeted.find_resources("AWS::Budgets::Budget").items()
    told = [
        (one["Notification"]["NotificationType"], one["Notification"]["Threshold"])
        for one in budget["Properties"]["NotificationsWithSubscribers"]
    ]
    assert told == [("ACTUAL", 80), ("FORECASTED", 100)]
    ((topic, _),) = budgeted.find_resources("AWS::SNS::Topic").items()
    for one in budget["Properties"]["NotificationsWithSubscribers"]:
        assert one["Subscribers"] == [{"Address": {"Ref": topic}, "SubscriptionType": "SNS"}]
    # AWS Budgets looks whether it may publish.
    ((policy, _),) = budgeted.find_resources("AWS::SNS::TopicPolicy").items()
    assert budget["DependsOn"] == [policy]


FOR_BUDGETS = {
    "Effect": "Allow",
    "Principal": {"Service": "budgets.amazonaws.com"},
    "Condition": {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
        "ArnLike": {"aws:SourceArn": Match.any_value()},
    },
}


def test_budgets_of_this_account_alone_reach_the_encrypted_topic(budgeted):
    budgeted.has_resource_properties(
        "AWS::SNS::TopicPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [Match.object_like({**FOR_BUDGETS, "Action": "sns:Publish"})]
                )
            }
        },
    )
    budgeted.has_resource_properties(
        "AWS::KMS::Key",
        {
            "Description": "Notifications of runs",
            "KeyPolicy": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {**FOR_BUDGETS, "Action": ["kms:Decrypt", "kms:GenerateDataKey"]}
                        )
                    ]
                )
            },
        },
    )


def test_the_rules_of_cdk_nag_find_nothing_in_a_budget(stack):
    assert not AwsSolutionsChecks(stack).validate_scope(stack).violations


def test_a_topic_without_a_key_of_its_own_needs_no_key_policy(context):
    template = Template.from_stack(stack_with(context, topic=lambda stack: sns.Topic(stack, "Own")))
    keys = template.find_resources("AWS::KMS::Key").values()
    assert "budgets" not in str(list(keys))


@pytest.mark.parametrize(
    "topic",
    [
        lambda stack: sns.Topic.from_topic_arn(
            stack, "Theirs", "arn:aws:sns:us-east-1:123456789012:theirs"
        ),
        lambda stack: sns.Topic(
            stack,
            "Own",
            master_key=kms.Key.from_key_arn(
                stack, "Key", "arn:aws:kms:us-east-1:123456789012:key/a-b"
            ),
        ),
    ],
    ids=["topic", "key"],
)
def test_what_is_imported_is_left_to_its_owner_with_a_warning(context, topic):
    stack = stack_with(context, topic=topic)
    Annotations.from_stack(stack).has_warning(
        "/Budgeted/Budget", Match.string_like_regexp("let budgets.amazonaws.com publish to it")
    )


@pytest.mark.parametrize("limit", [0, -5, float("nan"), 1e12])
def test_a_limit_out_of_range_is_refused(context, limit):
    stack = Stack(App(context=context), "Wrong")
    with pytest.raises(ValueError, match="monthly_limit_usd must be a number from 1 to 1e"):
        CustomizationBudget(stack, "Budget", pipeline=None, monthly_limit_usd=limit)


def definition_of(template):
    """Return the definition of the state machine as text, without its tokens."""
    ((_, machine),) = template.find_resources("AWS::StepFunctions::StateMachine").items()
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    return "".join(part for part in parts if isinstance(part, str))


@pytest.mark.parametrize(
    ("base_model", "method", "members"),
    [
        (BaseModel.NOVA_MICRO, None, ("JobTags", "CustomModelTags", "Tags")),
        (
            BaseModel.NOVA_MICRO,
            lambda _: Distillation(teacher="amazon.nova-pro-v1:0"),
            ("JobTags", "CustomModelTags", "Tags"),
        ),
        (
            BaseModel.NOVA_2_LITE,
            lambda stack: ReinforcementFineTuning(
                grader=Grader(stack, "Grader", reward=ExactMatch())
            ),
            ("tags", "Tags"),
        ),
    ],
    ids=["fine-tuning", "distillation", "reinforcement"],
)
def test_every_job_model_and_deployment_carries_the_tag(context, base_model, method, members):
    stack = Stack(App(context=context), "Tagged")
    CustomizationPipeline(
        stack, "Pipeline", base_model=base_model, method=method(stack) if method else None
    )
    text = definition_of(Template.from_stack(stack))
    for member in members:
        assert f'"{member}":[{{"Key":"{PIPELINE_TAG}"' in text, member
