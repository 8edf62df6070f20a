"""State machines of stacks, on a moto server."""

import json

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.responses import StepFunctionResponse

from bedrock_customization_local.cloud.stepfunctions import install

ROLE = "arn:aws:iam::123456789012:role/machine"


def text(output):
    return json.dumps(
        {
            "QueryLanguage": "JSONata",
            "StartAt": "P",
            "States": {"P": {"Type": "Pass", "Output": output, "End": True}},
        }
    )


def template(**properties):
    return json.dumps(
        {
            "Resources": {
                "Machine": {
                    "Type": "AWS::StepFunctions::StateMachine",
                    "Properties": {"RoleArn": ROLE, **properties},
                }
            },
            "Outputs": {
                "Ref": {"Value": {"Ref": "Machine"}},
                "Arn": {"Value": {"Fn::GetAtt": ["Machine", "Arn"]}},
                "Name": {"Value": {"Fn::GetAtt": ["Machine", "Name"]}},
                "Revision": {"Value": {"Fn::GetAtt": ["Machine", "StateMachineRevisionId"]}},
            },
        }
    )


def deploy(aws, **properties):
    aws.client("cloudformation").create_stack(
        StackName="stack", TemplateBody=template(**properties)
    )
    return outputs(aws)


def outputs(aws):
    [stack] = aws.client("cloudformation").describe_stacks(StackName="stack")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def result(aws, arn):
    execution = aws.sfn.start_execution(stateMachineArn=arn)["executionArn"]
    assert aws.service._executions.find(execution).wait(30)
    return json.loads(aws.sfn.describe_execution(executionArn=execution)["output"])


def test_a_stack_creates_a_machine_that_runs(aws):
    group = "arn:aws:logs:us-east-1:123456789012:log-group:g:*"
    out = deploy(
        aws,
        DefinitionString=text("hello"),
        StateMachineType="STANDARD",
        TracingConfiguration={"Enabled": True},
        LoggingConfiguration={
            "Level": "ALL",
            "IncludeExecutionData": False,
            "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": group}}],
        },
        Tags=[{"Key": "a", "Value": "b"}],
    )
    assert (
        out["Ref"]
        == out["Arn"]
        == (f"arn:aws:states:us-east-1:123456789012:stateMachine:{out['Name']}")
    )
    assert out["Revision"] == "INITIAL"
    assert result(aws, out["Arn"]) == "hello"
    described = aws.sfn.describe_state_machine(stateMachineArn=out["Arn"])
    assert described["tracingConfiguration"] == {"enabled": True}
    assert described["loggingConfiguration"] == {
        "level": "ALL",
        "includeExecutionData": False,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
    }
    tags = aws.sfn.list_tags_for_resource(resourceArn=out["Arn"])["tags"]
    assert {"key": "a", "value": "b"} in tags


def test_substitutions_fill_the_definition(aws):
    out = deploy(
        aws,
        DefinitionString=text("${what} ${what}"),
        DefinitionSubstitutions={"what": "x"},
        StateMachineName="named",
    )
    assert out["Name"] == "named"
    assert result(aws, out["Arn"]) == "x x"


def test_a_definition_may_lie_in_s3_or_in_the_template(aws):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="assets")
    s3.put_object(Bucket="assets", Key="k", Body=text("from s3").encode())
    out = deploy(aws, DefinitionS3Location={"Bucket": "assets", "Key": "k"})
    assert result(aws, out["Arn"]) == "from s3"
    aws.client("cloudformation").update_stack(
        StackName="stack", TemplateBody=template(Definition=json.loads(text("inline")))
    )
    assert result(aws, out["Arn"]) == "inline"


def test_an_update_changes_the_machine_in_place(aws):
    tags = [{"Key": "old", "Value": "1"}]
    out = deploy(aws, DefinitionString=text(1), Tags=tags, StateMachineName="m")
    aws.client("cloudformation").update_stack(
        StackName="stack",
        TemplateBody=template(
            DefinitionString=text(2), Tags=[{"Key": "new", "Value": "2"}], StateMachineName="m"
        ),
    )
    assert result(aws, out["Arn"]) == 2
    keys = {tag["key"] for tag in aws.sfn.list_tags_for_resource(resourceArn=out["Arn"])["tags"]}
    assert "new" in keys
    assert "old" not in keys


def test_another_name_replaces_the_machine(aws):
    out = deploy(aws, DefinitionString=text(1), StateMachineName="first")
    aws.client("cloudformation").update_stack(
        StackName="stack",
        TemplateBody=template(DefinitionString=text(1), StateMachineName="second"),
    )
    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        aws.sfn.describe_state_machine(stateMachineArn=out["Arn"])
    assert result(aws, out["Arn"].replace("first", "second")) == 1


def test_a_deleted_stack_deletes_the_machine(aws):
    deploy(aws, DefinitionString=text(1))
    aws.client("cloudformation").delete_stack(StackName="stack")
    assert aws.sfn.list_state_machines()["stateMachines"] == []


def test_a_long_generated_name_is_shortened(aws):
    properties = {"DefinitionString": text(1)}
    body = json.loads(template(**properties))
    body["Outputs"] = {}
    body["Resources"] = {"M" * 100: body["Resources"]["Machine"]}
    aws.client("cloudformation").create_stack(StackName="stack", TemplateBody=json.dumps(body))
    [machine] = aws.sfn.list_state_machines()["stateMachines"]
    assert len(machine["name"]) == 80


def test_uninstalling_gives_back_what_was_moto_s(aws):
    names = [
        "create_from_cloudformation_json",
        "update_from_cloudformation_json",
        "delete_from_cloudformation_json",
        "has_cfn_attr",
    ]
    before = {name: vars(StateMachine)[name] for name in names}
    answer = vars(StepFunctionResponse)["call_action"]
    with install(aws.service):
        assert vars(StateMachine)["has_cfn_attr"] is not before["has_cfn_attr"]
    assert {name: vars(StateMachine)[name] for name in names} == before
    assert vars(StepFunctionResponse)["call_action"] is answer
