"""Tasks for services that other packages emulate: what reaches them, what comes back."""

import json
import threading

import pytest

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.stepfunctions import StateError, run_machine
from bedrock_customization_local.cloud.stepfunctions.tasks.activities import ActivityQueues
from bedrock_customization_local.cloud.stepfunctions.tasks.caller import AwsTasks
from bedrock_customization_local.cloud.stepfunctions.tasks.jobs import POLL_SECONDS
from bedrock_customization_local.cloud.stepfunctions.tasks.naming import boto3_name, pascal_case

JOB = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/j"
TRAIN = {
    "Type": "Task",
    "Resource": "arn:aws:states:::bedrock:createModelCustomizationJob.sync",
    "Arguments": {"JobName": "j"},
    "End": True,
}


class Bedrock:
    """Answers calls in the place of `Api`; a job goes through `statuses`, the last one for ever."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.calls = []
        self.stopped = threading.Event()
        self.looked = threading.Event()

    def call(self, _call, service, action, arguments, _name_error):
        self.calls.append((service, action, arguments))
        if action == "createModelCustomizationJob":
            return {"JobArn": JOB}
        if action == "stopModelCustomizationJob":
            self.stopped.set()
            return {}
        self.looked.set()
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == "throttled":
            raise StateError("Bedrock.ThrottlingException")
        return {"JobArn": JOB, "Status": status, "OutputModelArn": "model"}

    def actions(self):
        return [action for _, action, _ in self.calls]


def run(state, api, data=None, **more):
    machine = {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": state}}
    return run_machine(machine, data or {}, call_task=AwsTasks(api, ActivityQueues()), **more)


def test_a_customization_job_is_waited_for_with_the_clock():
    waits = []

    class Watched(Clock):
        def wait(self, seconds):
            waits.append(seconds)

    bedrock = Bedrock("InProgress", "throttled", "InProgress", "Completed")
    execution = run(TRAIN, bedrock, clock=Watched(scale=0))
    assert execution.output == {"JobArn": JOB, "Status": "Completed", "OutputModelArn": "model"}
    assert waits == [POLL_SECONDS] * 3
    assert bedrock.calls[1] == ("bedrock", "getModelCustomizationJob", {"JobIdentifier": JOB})
    kinds = [event["type"] for event in execution.history.events()]
    assert kinds[2:7] == [
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
    ]
    details = execution.history.events()[2]["taskScheduledEventDetails"]
    assert (details["resourceType"], details["resource"]) == (
        "bedrock",
        "createModelCustomizationJob.sync",
    )


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_job_that_does_not_complete_fails_the_task_with_its_description(status):
    execution = run(TRAIN, Bedrock("InProgress", status))
    assert execution.error == "States.TaskFailed"
    assert json.loads(execution.cause) == {
        "JobArn": JOB,
        "Status": status,
        "OutputModelArn": "model",
    }


def test_a_failed_job_can_be_caught_as_a_failed_task():
    state = {**TRAIN, "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "E"}]}
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "S",
        "States": {"S": state, "E": {"Type": "Succeed"}},
    }
    caller = AwsTasks(Bedrock("Failed"), ActivityQueues())
    assert run_machine(machine, {}, call_task=caller).status == "SUCCEEDED"


def test_a_task_that_times_out_stops_its_job():
    bedrock = Bedrock("InProgress")
    execution = run({**TRAIN, "TimeoutSeconds": "{% 0.2 %}"}, bedrock, clock=Clock(scale=1))
    assert execution.error == "States.Timeout"
    assert bedrock.stopped.wait(10)


def test_a_request_without_sync_does_not_wait():
    bedrock = Bedrock("InProgress")
    resource = TRAIN["Resource"].removesuffix(".sync")
    assert run({**TRAIN, "Resource": resource}, bedrock).output == {"JobArn": JOB}
    assert bedrock.actions() == ["createModelCustomizationJob"]


class Lambda:
    """Answers `Invoke` in the place of `Api`."""

    def __init__(self, **response):
        self.response = response
        self.arguments = None

    def call(self, _call, service, action, arguments, _name_error):
        assert (service, action) == ("lambda", "invoke")
        self.arguments = arguments
        return self.response


def invoke(**arguments):
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "f", **arguments},
        "End": True,
    }


def test_an_invocation_keeps_payload_version_and_status():
    function = Lambda(StatusCode=200, ExecutedVersion="3", Payload='{"n": 1}')
    execution = run(invoke(Payload={"a": "{% 1 %}"}), function)
    assert execution.output == {"ExecutedVersion": "3", "Payload": {"n": 1}, "StatusCode": 200}
    assert function.arguments == {"FunctionName": "f", "Payload": '{"a":1}'}


def test_text_is_handed_to_a_function_as_json():
    function = Lambda(StatusCode=200, Payload='"x"')
    assert run(invoke(Payload="x"), function).output["Payload"] == "x"
    assert function.arguments["Payload"] == '"x"'


def test_a_function_named_by_its_arn_hands_on_its_payload():
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f:live"
    function = Lambda(StatusCode=200, Payload="[1]")
    state = {"Type": "Task", "Resource": arn, "Arguments": 5, "End": True}
    execution = run(state, function)
    assert execution.output == [1]
    assert function.arguments == {"FunctionName": arn, "Payload": "5"}
    kinds = [event["type"] for event in execution.history.events()]
    assert kinds[2:5] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
    ]


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ('{"errorType": "DatasetRejected", "errorMessage": "m"}', "DatasetRejected"),
        ('{"errorType": "Sandbox.Timedout"}', "Sandbox.Timedout"),
        ('{"errorMessage": "m"}', "Lambda.Unknown"),
        ("null", "Lambda.Unknown"),
    ],
)
def test_a_failed_function_fails_the_task_under_its_own_error_type(payload, error):
    function = Lambda(StatusCode=200, FunctionError="Unhandled", Payload=payload)
    execution = run(invoke(), function)
    assert (execution.error, execution.cause) == (error, payload)


class Model:
    def call(self, _call, service, action, arguments, _name_error):
        assert (service, action) == ("bedrock-runtime", "invokeModel")
        return {"Body": f'{{"got": {arguments["Body"]}}}', "ContentType": "application/json"}


def test_a_model_takes_and_gives_objects():
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::bedrock:invokeModel",
        "Arguments": {"ModelId": "m", "Body": {"n": 1}},
        "End": True,
    }
    assert run(state, Model()).output["Body"] == {"got": {"n": 1}}


@pytest.mark.parametrize(
    ("in_arn", "boto3_service"),
    [
        ("s3", "s3"),
        ("sfn", "stepfunctions"),
        ("bedrockruntime", "bedrock-runtime"),
        ("cloudwatchlogs", "logs"),
        ("eventbridge", "events"),
        ("secretsmanager", "secretsmanager"),
        ("resourcegroupstaggingapi", "resourcegroupstaggingapi"),
    ],
)
def test_services_of_arns_have_boto3_names(in_arn, boto3_service):
    assert boto3_name(in_arn) == boto3_service


@pytest.mark.parametrize(
    ("service_id", "prefix"),
    [
        ("S3", "S3"),
        ("SFN", "Sfn"),
        ("DynamoDB", "DynamoDb"),
        ("CloudWatch Logs", "CloudWatchLogs"),
        ("Bedrock Runtime", "BedrockRuntime"),
        ("EC2", "Ec2"),
        ("SSM", "Ssm"),
    ],
)
def test_error_prefixes_are_spelled_as_the_sdk_for_java_does(service_id, prefix):
    assert pascal_case(service_id) == prefix
