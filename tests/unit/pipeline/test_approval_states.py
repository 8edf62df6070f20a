"""Asking people, as the template and the state machine have it."""

import pytest
from aws_cdk import Duration, Stack, aws_iam as iam
from aws_cdk.assertions import Match, Template

from bedrock_customization import Alias, Approval, BaseModel, CustomizationPipeline


def asking(stack, **given):
    return CustomizationPipeline(
        stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, approval=Approval(**given)
    )


def urls(template):
    found = template.find_resources("AWS::Lambda::Url").values()
    return sorted(one["Properties"]["AuthType"] for one in found)


def test_who_asks_nobody_has_nothing_of_it(template, definition):
    assert urls(template) == []
    assert not any("approv" in name.lower() for name in definition["States"])


def test_people_stand_between_the_gate_and_the_alias(stack, read_definition):
    asking(stack, timeout=Duration.days(2))
    states = read_definition(Template.from_stack(stack))["States"]
    (passes,) = states["May it go live?"]["Choices"]
    assert passes["Next"] == "Request approval"
    assert states["May it go live?"]["Default"] == "Remove rejected candidate"
    request = states["Request approval"]
    assert request["Resource"].endswith("lambda:invoke.waitForTaskToken")
    assert request["TimeoutSeconds"] == 2 * 24 * 3600
    assert request["Arguments"]["Payload"]["task_token"] == "{% $states.context.Task.Token %}"
    assert [way["Next"] for way in request["Catch"]] == [
        "Conclude approval",
        "Remove failed candidate",
    ]
    assert states["Conclude approval"]["Next"] == "Is it approved?"
    (approved,) = states["Is it approved?"]["Choices"]
    assert approved["Condition"] == "{% $approval.outcome = 'approved' %}"
    assert approved["Next"] == "Promote model"
    assert states["Is it approved?"]["Default"] == "Remove rejected candidate"


def test_the_page_is_public_and_the_command_is_not(stack):
    asking(stack)
    assert urls(Template.from_stack(stack)) == ["AWS_IAM", "NONE"]


def test_without_a_link_nothing_is_public(stack, read_definition):
    asking(stack, link=False)
    template = Template.from_stack(stack)
    assert urls(template) == ["AWS_IAM"]
    template.resource_properties_count_is("AWS::Lambda::Permission", {"Principal": "*"}, 0)
    request = read_definition(template)["States"]["Request approval"]
    assert "page" not in request["Arguments"]["Payload"]


def test_who_decides_may_do_so_through_the_address_alone(stack):
    role = iam.Role(stack, "Approvers", assumed_by=iam.AccountRootPrincipal())
    asking(stack).approval.grant_decide(role)
    function = {"Fn::GetAtt": [Match.string_like_regexp("ApprovalDecide"), "Arn"]}
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [
                    {
                        "Action": "lambda:InvokeFunctionUrl",
                        "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
                        "Effect": "Allow",
                        "Resource": function,
                    },
                    {
                        "Action": "lambda:InvokeFunction",
                        "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
                        "Effect": "Allow",
                        "Resource": function,
                    },
                ]
            }
        },
    )


@pytest.mark.parametrize("timeout", [Duration.minutes(59), Duration.days(31)])
def test_people_need_time_but_not_for_ever(timeout):
    with pytest.raises(ValueError, match="timeout must be from an hour to 30 days, got"):
        Approval(timeout=timeout)


def test_who_may_not_approve_their_own_runs_must_be_known_by_name(stack):
    with pytest.raises(ValueError, match="other_than_submitter needs link=False"):
        Approval(other_than_submitter=True)
    asking(stack, link=False, other_than_submitter=True)
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function",
        {"Environment": {"Variables": {"OTHER_THAN_SUBMITTER": "1"}}},
    )


def test_consumers_in_another_app_may_read_the_alias_and_invoke_what_it_names(app):
    stack = Stack(app, "Consumer")
    role = iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())
    alias = Alias.from_parameter_name(stack, "Model", "/bedrock-customization/tickets")
    alias.grant_invoke(role)
    (policy,) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    read, invoke = policy["Properties"]["PolicyDocument"]["Statement"]
    assert read["Action"] == "ssm:GetParameter"
    assert [one["Fn::Join"][1][-1] for one in read["Resource"]] == [
        ":parameter/bedrock-customization/tickets",
        ":parameter/bedrock-customization/tickets/previous",
    ]
    assert invoke["Action"] == [
        "bedrock:InvokeModel",
        "bedrock:InvokeModelWithResponseStream",
    ]
    kinds = [one["Fn::Join"][1][-1] for one in invoke["Resource"]]
    assert kinds == [":custom-model-deployment/*", ":provisioned-model/*"]


def test_an_alias_without_a_slash_is_refused(stack):
    with pytest.raises(ValueError, match="must begin with a slash, got 'tickets'"):
        Alias.from_parameter_name(stack, "Model", "tickets")
