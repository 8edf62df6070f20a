"""The Step Functions API over HTTP, on a moto server."""

import json

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_local.cloud.stepfunctions import ApiError

ROLE = "arn:aws:iam::123456789012:role/machine"
PASS = {"Type": "Pass", "End": True}


def definition(*, timeout=None, **states):
    body = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    return json.dumps(body | ({"TimeoutSeconds": timeout} if timeout else {}))


def create(aws, text=None, name="machine", **more):
    return aws.sfn.create_state_machine(
        name=name, definition=text or definition(P=PASS), roleArn=ROLE, **more
    )["stateMachineArn"]


def run(aws, text, data=None, **more):
    arn = create(aws, text)
    started = aws.sfn.start_execution(stateMachineArn=arn, input=json.dumps(data or {}), **more)
    return finished(aws, started["executionArn"])


def finished(aws, execution_arn):
    assert aws.service._executions.find(execution_arn).wait(30)
    return aws.sfn.describe_execution(executionArn=execution_arn)


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def sdk(service, action, /, **fields):
    return {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:{service}:{action}", **fields}


def queue(aws, name="q"):
    client = aws.client("sqs")
    return client, client.create_queue(QueueName=name)["QueueUrl"]


def waiting(url, **fields):
    """A task that waits for a token it sends to a queue."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {
            "QueueUrl": url,
            "MessageBody": {"token": "{% $states.context.Task.Token %}"},
        },
        "End": True,
        **fields,
    }


def token_from(sqs, url):
    message = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"][0]
    return json.loads(message["Body"])["token"]


def test_every_operation_of_botocore_is_answered(aws):
    assert set(aws.service.operations) == set(aws.sfn.meta.service_model.operation_names)


def test_a_machine_is_created_once(aws):
    arn = create(aws, tags=[{"key": "a", "value": "b"}])
    assert create(aws) == arn
    assert (
        refused(
            aws.sfn.create_state_machine,
            name="machine",
            definition=definition(Q=PASS),
            roleArn=ROLE,
        )
        == "StateMachineAlreadyExists"
    )
    assert aws.sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "b"}]
    assert [m["name"] for m in aws.sfn.list_state_machines()["stateMachines"]] == ["machine"]
    described = aws.sfn.describe_state_machine(stateMachineArn=arn)
    assert described["type"] == "STANDARD"
    assert described["loggingConfiguration"]["level"] == "OFF"


def test_an_invalid_definition_is_refused_with_every_finding(aws):
    text = definition(P={"Type": "Pass", "Next": "Gone", "Foo": 1})
    with pytest.raises(ClientError, match=r"Gone.*|.*Foo") as caught:
        create(aws, text)
    message = caught.value.response["Error"]["Message"]
    assert caught.value.response["Error"]["Code"] == "InvalidDefinition"
    assert "MISSING_TRANSITION_TARGET" in message
    assert "/States/P/Foo" in message
    checked = aws.sfn.validate_state_machine_definition(definition=text)
    assert checked["result"] == "FAIL"
    assert len(checked["diagnostics"]) == 3


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (sdk("s3", "getObject", Arguments={"bucket": "b"}), "the field 'bucket' is not supported"),
        (sdk("s3", "teleport"), "s3 has no operation Teleport"),
        (sdk("warp", "drive"), "there is no AWS service 'warp'"),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.sync"},
            "cannot wait for sqs:sendMessage",
        ),
        ({"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun"}, "is not emulated"),
        (
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::bedrock:createModelCustomizationJob.sync",
                "Arguments": {"JobName": "j", "TrainingDataConfig": {"Uri": "s3://x"}},
            },
            "the field 'TrainingDataConfig.Uri' is not supported",
        ),
    ],
)
def test_a_task_that_aws_could_not_call_is_refused(aws, state, message):
    text = definition(T={**state, "End": True})
    diagnostics = aws.sfn.validate_state_machine_definition(definition=text)["diagnostics"]
    assert any(message in diagnostic["message"] for diagnostic in diagnostics), diagnostics


@pytest.mark.parametrize("name", ["has space", "a/b", "x" * 81, "a*"])
def test_bad_names_are_refused(aws, name):
    with pytest.raises(ApiError, match="InvalidName"):
        aws.service.call(
            "CreateStateMachine", {"name": name, "definition": definition(P=PASS), "roleArn": ROLE}
        )


def test_a_run_succeeds_and_is_described(aws):
    described = run(aws, definition(P={**PASS, "Output": {"v": "{% $states.input.a %}"}}), {"a": 1})
    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["output"]) == {"v": 1}
    assert described["redriveStatus"] == "NOT_REDRIVABLE"
    assert described["startDate"] <= described["stopDate"]
    metadata = aws.sfn.describe_execution(
        executionArn=described["executionArn"], includedData="METADATA_ONLY"
    )
    assert "output" not in metadata


def test_the_same_start_again_returns_the_running_execution(aws):
    sqs, url = queue(aws)
    arn = create(aws, definition(W=waiting(url)))
    start = {"stateMachineArn": arn, "name": "once", "input": '{"a": 1}'}
    first = aws.sfn.start_execution(**start)
    again = aws.sfn.start_execution(**start | {"input": '{ "a":1 }'})
    assert (again["executionArn"], again["startDate"]) == (
        first["executionArn"],
        first["startDate"],
    )
    assert refused(aws.sfn.start_execution, **start | {"input": "{}"}) == "ExecutionAlreadyExists"
    aws.sfn.send_task_success(taskToken=token_from(sqs, url), output="{}")
    finished(aws, first["executionArn"])
    assert refused(aws.sfn.start_execution, **start) == "ExecutionAlreadyExists"


def test_starts_that_aws_refuses_are_refused(aws):
    arn = create(aws)
    assert (
        refused(aws.sfn.start_execution, stateMachineArn=arn, input="{") == "InvalidExecutionInput"
    )
    assert refused(aws.sfn.start_execution, stateMachineArn=arn, name="a b") == "InvalidName"
    assert refused(aws.sfn.start_execution, stateMachineArn=f"{arn}x") == "StateMachineDoesNotExist"
    assert refused(aws.sfn.describe_execution, executionArn=f"{arn}x") == "ExecutionDoesNotExist"


def test_a_stopped_run_is_aborted_with_what_was_said(aws):
    sqs, url = queue(aws)
    arn = create(aws, definition(W=waiting(url)))
    execution = aws.sfn.start_execution(stateMachineArn=arn)["executionArn"]
    token = token_from(sqs, url)
    aws.sfn.stop_execution(executionArn=execution, error="Mine", cause="enough")
    described = aws.sfn.describe_execution(executionArn=execution)
    assert (described["status"], described["error"], described["cause"]) == (
        "ABORTED",
        "Mine",
        "enough",
    )
    history = aws.sfn.get_execution_history(executionArn=execution, reverseOrder=True)["events"]
    assert [event["type"] for event in history[:2]] == ["ExecutionAborted", "TaskStateAborted"]
    assert refused(aws.sfn.send_task_success, taskToken=token, output="{}") == "TaskTimedOut"
    assert refused(aws.sfn.send_task_failure, taskToken="nobody's") == "InvalidToken"


def test_an_update_does_not_change_what_runs(aws):
    sqs, url = queue(aws)
    arn = create(aws, definition(W=waiting(url)))
    execution = aws.sfn.start_execution(stateMachineArn=arn)["executionArn"]
    updated = aws.sfn.update_state_machine(
        stateMachineArn=arn, definition=definition(P={**PASS, "Output": "new"}), roleArn=f"{ROLE}2"
    )
    running = aws.sfn.describe_state_machine_for_execution(executionArn=execution)
    assert "waitForTaskToken" in running["definition"]
    assert running["roleArn"] == ROLE
    aws.sfn.send_task_success(taskToken=token_from(sqs, url), output='"old"')
    assert finished(aws, execution)["output"] == '"old"'
    assert (
        aws.sfn.describe_state_machine(stateMachineArn=arn)["revisionId"] == updated["revisionId"]
    )
    again = aws.sfn.start_execution(stateMachineArn=arn)["executionArn"]
    assert finished(aws, again)["output"] == '"new"'


def test_versions_and_aliases_start_what_they_stand_for(aws):
    arn = create(aws, definition(P={**PASS, "Output": 1}), publish=True)
    aws.sfn.update_state_machine(
        stateMachineArn=arn, definition=definition(P={**PASS, "Output": 2})
    )
    second = aws.sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    assert second == f"{arn}:2"
    assert (
        aws.sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
        == second
    )
    alias = aws.sfn.create_state_machine_alias(
        name="PROD", routingConfiguration=[{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    )["stateMachineAliasArn"]
    execution = aws.sfn.start_execution(stateMachineArn=alias)["executionArn"]
    described = finished(aws, execution)
    assert described["output"] == "1"
    assert described["stateMachineAliasArn"] == alias
    assert refused(aws.sfn.delete_state_machine_version, stateMachineVersionArn=f"{arn}:1") == (
        "ConflictException"
    )
    aws.sfn.update_state_machine_alias(
        stateMachineAliasArn=alias,
        routingConfiguration=[{"stateMachineVersionArn": second, "weight": 100}],
    )
    aws.sfn.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    assert (
        len(aws.sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]) == 1
    )
    assert len(aws.sfn.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]) == 1
    assert aws.sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["name"] == "PROD"
    aws.sfn.delete_state_machine_alias(stateMachineAliasArn=alias)


def test_executions_are_listed_newest_first_in_pages(aws):
    arn = create(aws)
    for name in ("a", "b", "c"):
        execution = aws.sfn.start_execution(stateMachineArn=arn, name=name)["executionArn"]
        finished(aws, execution)
    first = aws.sfn.list_executions(stateMachineArn=arn, maxResults=2)
    rest = aws.sfn.list_executions(stateMachineArn=arn, maxResults=2, nextToken=first["nextToken"])
    assert [e["name"] for e in first["executions"] + rest["executions"]] == ["c", "b", "a"]
    assert "nextToken" not in rest
    failed = aws.sfn.list_executions(stateMachineArn=arn, statusFilter="FAILED")
    assert failed["executions"] == []
    assert refused(aws.sfn.list_executions, stateMachineArn=arn, nextToken="x") == "InvalidToken"


def test_a_history_comes_in_pages_and_without_data(aws):
    execution = run(aws, definition(P=PASS))["executionArn"]
    first = aws.sfn.get_execution_history(executionArn=execution, maxResults=3)
    rest = aws.sfn.get_execution_history(executionArn=execution, nextToken=first["nextToken"])
    kinds = [event["type"] for event in first["events"] + rest["events"]]
    assert kinds == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    bare = aws.sfn.get_execution_history(executionArn=execution, includeExecutionData=False)
    assert "input" not in bare["events"][0]["executionStartedEventDetails"]
    assert bare["events"][0]["executionStartedEventDetails"]["roleArn"] == ROLE


def test_an_aws_sdk_task_speaks_pascal_case_both_ways(aws):
    aws.client("s3").create_bucket(Bucket="data")
    text = definition(
        Put=sdk(
            "s3",
            "putObject",
            Arguments={"Bucket": "data", "Key": "k", "Body": {"n": 1}, "Metadata": {"a-b": "c"}},
            Next="Get",
        ),
        Get=sdk("s3", "getObject", Arguments={"Bucket": "data", "Key": "k"}, Next="Ask"),
        Ask=sdk(
            "sfn",
            "describeExecution",
            Arguments={"ExecutionArn": "{% $states.context.Execution.Id %}"},
            Output={"got": "{% $states.input %}", "asked": "{% $states.result %}"},
            End=True,
        ),
    )
    output = json.loads(run(aws, text)["output"])
    assert output["got"]["Body"] == '{"n":1}'
    assert output["got"]["Metadata"] == {"a-b": "c"}
    assert output["got"]["LastModified"].endswith("Z")
    assert output["asked"]["Status"] == "RUNNING"
    assert [f"{service}:{operation}" for _, service, operation, _ in aws.doorman.asked] == [
        "s3:PutObject",
        "s3:GetObject",
        "stepfunctions:DescribeExecution",
    ]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (sdk("s3", "getObject", Arguments={"Bucket": "data", "Key": "k"}), "S3.NoSuchKeyException"),
        (sdk("s3", "getObject", Arguments={"Bucket": "no", "Key": "k"}), "S3.S3Exception"),
        (sdk("ssm", "getParameter", Arguments={"Name": "n"}), "Ssm.ParameterNotFoundException"),
        (
            sdk("dynamodb", "describeTable", Arguments={"TableName": "t"}),
            "DynamoDb.ResourceNotFoundException",
        ),
        (
            sdk("bedrock", "getCustomModel", Arguments={"ModelIdentifier": "m"}),
            "Bedrock.ResourceNotFoundException",
        ),
        (
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": "absent"},
            },
            "Lambda.ResourceNotFoundException",
        ),
        (
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution",
                "Arguments": {
                    "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:no"
                },
            },
            "StepFunctions.StateMachineDoesNotExistException",
        ),
    ],
)
def test_errors_of_services_have_the_names_of_step_functions(aws, state, error):
    aws.client("s3").create_bucket(Bucket="data")
    described = run(aws, definition(T={**state, "End": True}))
    if error == "S3.S3Exception":
        assert described["error"] in {"S3.S3Exception", "S3.NoSuchBucketException"}
    else:
        assert described["error"] == error


@pytest.mark.parametrize(
    ("action", "state", "error"),
    [
        (
            "lambda:Invoke",
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": "f"},
            },
            "Lambda.AWSLambdaException",
        ),
        (
            "lambda:Invoke",
            sdk("lambda", "invoke", Arguments={"FunctionName": "f"}),
            "Lambda.LambdaException",
        ),
        (
            "s3:PutObject",
            sdk("s3", "putObject", Arguments={"Bucket": "b", "Key": "k"}),
            "S3.S3Exception",
        ),
        (
            "bedrock:GetCustomModel",
            sdk("bedrock", "getCustomModel", Arguments={"ModelIdentifier": "m"}),
            "Bedrock.AccessDeniedException",
        ),
        (
            "sns:Publish",
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::sns:publish",
                "Arguments": {"TopicArn": "t", "Message": "m"},
            },
            "SNS.AuthorizationErrorException",
        ),
        (
            "sts:AssumeRole",
            sdk(
                "s3",
                "getObject",
                Arguments={"Bucket": "b", "Key": "k"},
                Credentials={"RoleArn": f"{ROLE}-other"},
            ),
            "States.Permissions",
        ),
    ],
)
def test_a_denied_call_fails_as_the_service_denies_it(aws, action, state, error):
    aws.doorman.denied.add(action)
    described = run(aws, definition(T={**state, "End": True}))
    assert described["error"] == error
    assert "is not authorized to perform" in described["cause"]


def test_credentials_name_the_role_that_calls(aws):
    aws.client("s3").create_bucket(Bucket="data")
    text = definition(
        T=sdk(
            "s3",
            "headBucket",
            Arguments={"Bucket": "data"},
            Credentials={"RoleArn": "{% $states.context.Execution.RoleArn & '-other' %}"},
            End=True,
        )
    )
    execution = run(aws, text)
    assert execution["status"] == "SUCCEEDED"
    assert [(role, operation) for role, _, operation, _ in aws.doorman.asked] == [
        (ROLE, "AssumeRole"),
        (f"{ROLE}-other", "HeadBucket"),
    ]


def test_messages_and_events_may_be_objects(aws):
    sqs, url = queue(aws)
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:123456789012:q",
        Attributes={"RawMessageDelivery": "true"},
    )

    def optimized(resource, arguments, **fields):
        return {
            "Type": "Task",
            "Resource": f"arn:aws:states:::{resource}",
            "Arguments": arguments,
            **fields,
        }

    entry = {"Source": "s", "DetailType": "d", "Detail": {"a": 1}, "EventBusName": "default"}
    text = definition(
        A=optimized("sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"n": 1}}, Next="B"),
        B=optimized("sns:publish", {"TopicArn": topic, "Message": {"n": 2}}, Next="C"),
        C=optimized("events:putEvents", {"Entries": [entry]}, End=True),
    )
    described = run(aws, text)
    assert json.loads(described["output"])["FailedEntryCount"] == 0
    bodies = [
        json.loads(message["Body"])
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    ]
    assert sorted(body["n"] for body in bodies) == [1, 2]


def test_a_nested_run_is_waited_for_and_its_output_parsed(aws):
    inner = create(aws, definition(P={**PASS, "Output": {"v": "{% $states.input.a %}"}}), "inner")
    for pattern, output in ((".sync", '{"v":1}'), (".sync:2", {"v": 1})):
        text = definition(
            N={
                "Type": "Task",
                "Resource": f"arn:aws:states:::states:startExecution{pattern}",
                "Arguments": {"StateMachineArn": inner, "Input": {"a": 1}},
                "Output": "{% $states.result.Output %}",
                "End": True,
            }
        )
        arn = create(aws, text, name=f"outer{len(pattern)}")
        execution = aws.sfn.start_execution(stateMachineArn=arn)["executionArn"]
        assert json.loads(finished(aws, execution)["output"]) == output


def test_a_failed_nested_run_fails_the_task_with_its_description(aws):
    inner = create(aws, definition(F={"Type": "Fail", "Error": "Deep"}), "inner")
    text = definition(
        N={
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Arguments": {"StateMachineArn": inner},
            "End": True,
        }
    )
    described = run(aws, text)
    assert described["error"] == "States.TaskFailed"
    assert json.loads(described["cause"])["Error"] == "Deep"


def test_stopping_a_run_stops_the_run_it_waits_for(aws):
    sqs, url = queue(aws)
    inner = create(aws, definition(W=waiting(url)), "inner")
    text = definition(
        N={
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Arguments": {"StateMachineArn": inner, "Name": "nested"},
            "End": True,
        }
    )
    outer = aws.sfn.start_execution(stateMachineArn=create(aws, text, "outer"))["executionArn"]
    token_from(sqs, url)
    aws.sfn.stop_execution(executionArn=outer)
    nested = f"{inner.replace(':stateMachine:', ':execution:')}:nested"
    assert finished(aws, nested)["status"] == "ABORTED"


def test_an_express_machine_answers_at_once(aws):
    arn = create(aws, definition(P={**PASS, "Output": 1}), type="EXPRESS")
    answer = aws.sfn.start_sync_execution(stateMachineArn=arn)
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "1")
    assert aws.events == []
    standard = create(aws, name="standard")
    assert refused(aws.sfn.start_sync_execution, stateMachineArn=standard) == (
        "StateMachineTypeNotSupported"
    )


def test_each_change_of_status_is_told(aws):
    run(aws, definition(F={"Type": "Fail", "Error": "E", "Cause": "c"}), {"a": 1})
    assert [event["status"] for event in aws.events] == ["RUNNING", "FAILED"]
    assert aws.events[0]["stopDate"] is None
    assert aws.events[0]["input"] == '{"a":1}'
    assert (aws.events[1]["error"], aws.events[1]["cause"]) == ("E", "c")
    assert isinstance(aws.events[1]["stopDate"], int)


def test_a_worker_fetches_the_task_of_an_activity(aws):
    activity = aws.sfn.create_activity(name="a")["activityArn"]
    text = definition(A={"Type": "Task", "Resource": activity, "Arguments": {"n": 1}, "End": True})
    execution = aws.sfn.start_execution(stateMachineArn=create(aws, text))["executionArn"]
    task = aws.sfn.get_activity_task(activityArn=activity, workerName="w")
    assert json.loads(task["input"]) == {"n": 1}
    aws.sfn.send_task_heartbeat(taskToken=task["taskToken"])
    aws.sfn.send_task_success(taskToken=task["taskToken"], output="2")
    assert finished(aws, execution)["output"] == "2"
    history = aws.sfn.get_execution_history(executionArn=execution)["events"]
    kinds = [event["type"] for event in history if event["type"].startswith("Activity")]
    assert kinds == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert aws.sfn.list_activities()["activities"][0]["name"] == "a"
    aws.sfn.delete_activity(activityArn=activity)
    assert refused(aws.sfn.describe_activity, activityArn=activity) == "ActivityDoesNotExist"


def eventually(**fields):
    """A task that fails until its parameter exists."""
    return sdk("ssm", "getParameter", Arguments={"Name": "ready"}, **fields)


def make_ready(aws):
    aws.client("ssm").put_parameter(Name="ready", Value="v", Type="String")


def test_a_redrive_goes_on_in_the_state_that_failed(aws):
    sqs, url = queue(aws)
    text = definition(
        A={
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Arguments": {"QueueUrl": url, "MessageBody": "once"},
            "Assign": {"kept": "{% $states.input.a %}"},
            "Output": {"from": "A"},
            "Next": "B",
        },
        B=eventually(Output="{% [$kept, $states.input.from] %}", End=True),
    )
    described = run(aws, text, {"a": 7})
    assert (described["status"], described["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    execution = described["executionArn"]
    make_ready(aws)
    aws.sfn.update_state_machine(
        stateMachineArn=described["stateMachineArn"], definition=definition(P=PASS)
    )
    aws.sfn.redrive_execution(executionArn=execution)
    again = finished(aws, execution)
    assert (again["status"], again["redriveCount"]) == ("SUCCEEDED", 1)
    assert json.loads(again["output"]) == [7, "A"]
    assert "error" not in again
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 1
    kinds = [
        event["type"] for event in aws.sfn.get_execution_history(executionArn=execution)["events"]
    ]
    assert kinds.count("ExecutionStarted") == 1
    assert kinds[kinds.index("ExecutionRedriven") + 1] == "TaskStateEntered"
    assert refused(aws.sfn.redrive_execution, executionArn=execution) == "ExecutionNotRedrivable"


@pytest.mark.parametrize("kind", ["Parallel", "Map", "Distributed"])
def test_a_redrive_repeats_only_the_branches_that_failed(aws, kind):
    sqs, url = queue(aws)
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {"QueueUrl": url, "MessageBody": "once"},
        "End": True,
    }
    if kind == "Parallel":
        # The second branch fails only after the first has ended.
        state = {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Send", "States": {"Send": send}},
                {"StartAt": "Wait", "States": {"Wait": eventually(End=True)}},
            ],
        }
    else:
        processor = {
            "StartAt": "Which",
            "States": {
                "Which": {
                    "Type": "Choice",
                    "Choices": [{"Condition": "{% $states.input = 1 %}", "Next": "Send"}],
                    "Default": "Get",
                },
                "Send": send,
                "Get": eventually(End=True),
            },
        }
        if kind == "Distributed":
            processor["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
        state = {"Type": "Map", "Items": [1, 2], "MaxConcurrency": 1, "ItemProcessor": processor}
    described = run(aws, definition(S={**state, "Output": "done", "End": True}))
    assert described["status"] == "FAILED"
    sent = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    make_ready(aws)
    aws.sfn.redrive_execution(executionArn=described["executionArn"])
    assert finished(aws, described["executionArn"])["output"] == '"done"'
    if kind != "Parallel":
        assert len(sent) == 1
        assert "Messages" not in sqs.receive_message(QueueUrl=url)


def one_for_each(state):
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Get",
        "States": {"Get": {**state, "End": True}},
    }
    return definition(M={"Type": "Map", "Items": [1], "ItemProcessor": processor, "End": True})


def test_a_distributed_map_starts_children_only_if_the_role_may(aws):
    aws.doorman.denied = {"stepfunctions:StartExecution"}
    described = run(aws, one_for_each({"Type": "Pass"}))
    assert described["status"] == "FAILED"
    assert "stepfunctions:StartExecution" in described["cause"]


def test_a_distributed_map_redrives_children_only_if_the_role_may(aws):
    described = run(aws, one_for_each(eventually()))
    assert described["status"] == "FAILED"
    make_ready(aws)
    aws.doorman.denied = {"stepfunctions:RedriveExecution"}
    aws.sfn.redrive_execution(executionArn=described["executionArn"])
    described = finished(aws, described["executionArn"])
    assert described["status"] == "FAILED"
    assert "stepfunctions:RedriveExecution" in described["cause"]


def test_a_map_run_is_described_with_its_children(aws):
    aws.client("s3").create_bucket(Bucket="data")
    aws.client("s3").put_object(Bucket="data", Key="in.jsonl", Body=b'{"n":1}\n{"n":2}\n')
    state = {
        "Type": "Map",
        "Label": "Shards",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "Arguments": {"Bucket": "data", "Key": "in.jsonl"},
            "ReaderConfig": {"InputType": "JSONL"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "I",
            "States": {"I": {"Type": "Pass", "Output": "{% $states.input.n %}", "End": True}},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Arguments": {"Bucket": "data", "Prefix": "out"},
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"},
        },
        "End": True,
    }
    described = run(aws, definition(M=state))
    assert described["status"] == "SUCCEEDED", described
    execution = described["executionArn"]
    [listed] = aws.sfn.list_map_runs(executionArn=execution)["mapRuns"]
    assert "/Shards:" in listed["mapRunArn"]
    map_run = aws.sfn.describe_map_run(mapRunArn=listed["mapRunArn"])
    assert map_run["status"] == "SUCCEEDED"
    assert map_run["itemCounts"]["succeeded"] == map_run["executionCounts"]["resultsWritten"] == 2
    children = aws.sfn.list_executions(mapRunArn=listed["mapRunArn"])["executions"]
    child = aws.sfn.describe_execution(executionArn=children[0]["executionArn"])
    assert child["mapRunArn"] == listed["mapRunArn"]
    assert json.loads(child["output"]) in {1, 2}
    machine = aws.sfn.describe_state_machine_for_execution(executionArn=child["executionArn"])
    assert machine["label"] == "Shards"
    details = json.loads(described["output"])["ResultWriterDetails"]
    manifest = json.loads(
        aws.client("s3").get_object(Bucket="data", Key=details["Key"])["Body"].read()
    )
    [file] = manifest["ResultFiles"]["SUCCEEDED"]
    body = aws.client("s3").get_object(Bucket="data", Key=file["Key"])["Body"].read()
    assert json.loads(body) == [1, 2]
    assert (
        refused(aws.sfn.update_map_run, mapRunArn=listed["mapRunArn"], maxConcurrency=1)
        == "ValidationException"
    )


def test_a_deleted_machine_ends_its_runs(aws):
    sqs, url = queue(aws)
    arn = create(aws, definition(W=waiting(url)))
    execution = aws.sfn.start_execution(stateMachineArn=arn)["executionArn"]
    token_from(sqs, url)
    aws.sfn.delete_state_machine(stateMachineArn=arn)
    aws.sfn.delete_state_machine(stateMachineArn=arn)
    assert finished(aws, execution)["status"] == "ABORTED"
    assert (
        refused(aws.sfn.describe_state_machine, stateMachineArn=arn) == "StateMachineDoesNotExist"
    )


def test_tags_are_added_and_taken(aws):
    arn = create(aws)
    aws.sfn.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}])
    aws.sfn.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "2"}])
    aws.sfn.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert aws.sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]
    assert refused(aws.sfn.list_tags_for_resource, resourceArn=f"{arn}x") == "ResourceNotFound"


def test_a_state_is_tested_by_itself(aws):
    state = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "f", "Payload": "{% $states.input.a + $v %}"},
        "Output": "{% $states.result.Payload %}",
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 4, "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
        "Next": "Go on",
    }
    asked = {
        "definition": json.dumps(state),
        "roleArn": ROLE,
        "input": '{"a": 1}',
        "variables": '{"v": 2}',
        "inspectionLevel": "DEBUG",
    }
    good = aws.sfn.test_state(**asked, mock={"result": '{"Payload": 9}'})
    assert (good["status"], good["output"], good["nextState"]) == ("SUCCEEDED", "9", "Go on")
    assert json.loads(good["inspectionData"]["afterArguments"])["Payload"] == 3
    busy = {"errorOutput": {"error": "Busy", "cause": "c"}}
    retried = aws.sfn.test_state(**asked, mock=busy)
    assert retried["status"] == "RETRIABLE"
    assert retried["inspectionData"]["errorDetails"]["retryBackoffIntervalSeconds"] == 4
    caught = aws.sfn.test_state(**asked, mock=busy, stateConfiguration={"retrierRetryCount": 1})
    assert (caught["status"], caught["nextState"]) == ("CAUGHT_ERROR", "Failed")
    assert json.loads(caught["output"]) == {"Error": "Busy", "Cause": "c"}


def test_close_ends_everything_at_once(aws):
    sqs, url = queue(aws)
    arn = create(aws, definition(W=waiting(url)))
    execution = aws.sfn.start_execution(stateMachineArn=arn)["executionArn"]
    token_from(sqs, url)
    aws.service.close()
    assert aws.service._executions.find(execution).wait(10)


def test_a_state_that_could_not_be_called_is_not_tested(aws):
    state = sdk("s3", "teleport", QueryLanguage="JSONata", End=True)
    code = refused(aws.sfn.test_state, definition=json.dumps(state), roleArn=ROLE)
    assert code == "InvalidDefinition"
