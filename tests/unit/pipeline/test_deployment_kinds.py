"""On what a candidate answers, in the template."""

import json

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk.assertions import Template

from bedrock_customization import BaseModel, CustomizationPipeline, ProvisionedThroughput
from bedrock_customization_local.cloud.bedrock import shapes
from bedrock_customization_local.cloud.stepfunctions.language import jsonata
from bedrock_customization_local.cloud.stepfunctions.tasks.shapes import to_botocore

MODEL = (
    "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abcdefghijkl"
)
UNITS = {"ttl": Duration.days(2), "max_hourly_cost_usd": 300}


@pytest.fixture(scope="module")
def provisioned(context):
    """The template of a pipeline that buys two model units."""
    stack = Stack(App(context=context), "Stack")
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_LITE,
        deployment=ProvisionedThroughput(model_units=2, **UNITS),
    )
    return Template.from_stack(stack)


def test_throughput_is_bought_without_commitment_and_with_its_end_in_a_tag(
    provisioned, read_definition
):
    state = read_definition(provisioned)["States"]["Deploy candidate"]
    assert state["Resource"].endswith("aws-sdk:bedrock:createProvisionedModelThroughput")
    run = {"names": {"deployment": "n"}, "tokens": {"deployment": "t"}, "key": "run-1"}
    context = {
        "Execution": {"RedriveCount": 1},
        "State": {"EnteredTime": "2026-11-23T12:00:00.000Z"},
        "StateMachine": {"Name": "Tuning"},
    }
    request = jsonata.render(
        state["Arguments"],
        states={"context": context},
        variables={"run": run, "customization": {"model_arn": MODEL}},
        field="Arguments",
    )
    operation = "CreateProvisionedModelThroughput"
    shape = shapes.operation_model(operation).input_shape
    assert list(shapes.request_problems(operation, to_botocore(shape, request))) == []
    assert "CommitmentDuration" not in request
    assert request["ModelUnits"] == 2
    assert (request["ProvisionedModelName"], request["ClientRequestToken"]) == ("n-1", "t-1")
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    assert tags["bedrock-customization:expires-at"] == "2026-11-25T12:00:00.000Z"
    assert tags["bedrock-customization:run"] == "run-1"


def test_throughput_is_waited_for_by_its_own_words(provisioned, read_definition):
    states = read_definition(provisioned)["States"]
    check = states["Check deployment"]
    assert check["Resource"].endswith("aws-sdk:bedrock:getProvisionedModelThroughput")
    assert check["Arguments"] == {"ProvisionedModelId": "{% $deployment.arn %}"}
    ways = {rule["Condition"]: rule["Next"] for rule in states["Is it deployed?"]["Choices"]}
    assert ways["{% $deployment_status = 'InService' %}"] == "Smoke test"
    assert states["Plan customization"]["Arguments"]["Payload"]["throughput"] == {
        "model_units": 2,
        "ttl_seconds": 172_800,
    }


def test_somebody_looks_for_the_end_every_quarter_of_an_hour(provisioned):
    provisioned.has_resource_properties(
        "AWS::Events::Rule", {"ScheduleExpression": "rate(15 minutes)"}
    )


def test_roles_make_and_remove_deployments_of_their_kind_alone(provisioned, template):
    def rights(of):
        kinds = ("AWS::IAM::Role", "AWS::IAM::Policy")
        roles = json.dumps([of.find_resources(kind) for kind in kinds])
        # To look is another thing: the model in production may be of the other kind.
        made = ("CreateProvisionedModelThroughput", "CreateCustomModelDeployment")
        gone = ("DeleteProvisionedModelThroughput", "DeleteCustomModelDeployment")
        assert [name in roles for name in made] == [name in roles for name in gone]
        return tuple(name in roles for name in made)

    assert rights(provisioned) == (True, False)
    assert rights(template) == (False, True)
    assert "ScheduleExpression" not in json.dumps(template.to_json())


def test_a_base_model_without_on_demand_deployment_is_customized_with_throughput(stack):
    with pytest.raises(ValueError, match=r"deployment=ProvisionedThroughput\(ttl"):
        CustomizationPipeline(stack, "A", base_model=BaseModel.LLAMA_3_1_8B)
    unknown = {**UNITS, "allow_unknown_price": True}
    CustomizationPipeline(
        stack,
        "B",
        base_model=BaseModel.LLAMA_3_1_8B,
        deployment=ProvisionedThroughput(**unknown),
    )


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        (BaseModel.LLAMA_3_1_8B, {}, "no document states what a model unit of .* costs"),
        (BaseModel.LLAMA_3_3_70B, {}, "has no provisioned throughput .*: leave deployment out"),
        (BaseModel.NOVA_LITE, {"model_units": 3}, r"3 model units of .* cost \$324\.45 an hour"),
    ],
)
def test_throughput_that_cannot_be_had_or_costs_too_much_is_refused(stack, model, given, message):
    with pytest.raises(ValueError, match=message):
        CustomizationPipeline(
            stack, "P", base_model=model, deployment=ProvisionedThroughput(**UNITS, **given)
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model_units": 0}, "model_units must be a number from 1"),
        ({"ttl": Duration.minutes(5)}, "ttl must be a number from 3600"),
        ({"max_hourly_cost_usd": float("inf")}, "max_hourly_cost_usd must be a number"),
    ],
)
def test_figures_that_make_no_sense_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        ProvisionedThroughput(**{**UNITS, **given})


def test_what_follows_on_an_end_may_tell_people_and_close_the_manifest_and_no_more(template):
    (role,) = (
        json.dumps(one["Properties"]["Policies"])
        for name, one in template.find_resources("AWS::IAM::Role").items()
        if "CleanUpRole" in name
    )
    assert role.count('"sns:Publish"') == 1
    assert '"Action": "sns:Publish", "Effect": "Allow", "Resource": {"Ref": ' in role
    assert "states:GetExecutionHistory" in role
    assert "TopicKey" in role


def test_ends_of_runs_that_could_leave_something_are_listened_to(template):
    template.has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {"status": ["FAILED", "ABORTED", "TIMED_OUT"]},
            }
        },
    )
