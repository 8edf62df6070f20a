import base64
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaFunction
from moto.moto_api._internal.models import moto_api_backend

from bedrock_customization_local.cloud import moto_server
from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.lambdas import LambdaRuntime
from bedrock_customization_local.cloud.lambdas.moto_install import install

ROLE_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
ANSWER = "import os\ndef handler(event, context):\n    return {answer}\n"


@pytest.fixture(scope="module")
def aws() -> Iterator[SimpleNamespace]:
    server = moto_server.start()
    runtime = LambdaRuntime(endpoint_url_of=lambda: server.url, region="us-east-1")
    uninstall = install(runtime, clock=Clock(scale=0))

    def client(service: str):
        return boto3.client(
            service,
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    moto_api_backend.reset()
    role = client("iam").create_role(RoleName="probe", AssumeRolePolicyDocument=ROLE_TRUST)
    yield SimpleNamespace(client=client, role=role["Role"]["Arn"])
    uninstall()
    runtime.close()
    server.close()
    moto_api_backend.reset()


@pytest.fixture
def create(aws, code, request):
    functions = aws.client("lambda")
    names = []

    def create(source: str, **changes: object) -> str:
        name = f"{request.node.name[-40:].strip('_')}-{len(names)}"
        names.append(name)
        functions.create_function(
            **{
                "FunctionName": name,
                "Runtime": "python3.11",
                "Handler": "app.handler",
                "Role": aws.role,
                "Code": {"ZipFile": code({"app.py": source})},
                **changes,
            }
        )
        return name

    yield create
    for name in names:
        functions.delete_function(FunctionName=name)


def payload_of(response):
    return json.loads(response["Payload"].read())


def test_an_invocation_runs_the_functions_own_code(aws, create):
    name = create(ANSWER.format(answer="{'got': event}"))
    response = aws.client("lambda").invoke(FunctionName=name, Payload=b'{"a": 1}', LogType="Tail")
    assert response["StatusCode"] == 200
    assert response["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in response
    assert "REPORT RequestId" in base64.b64decode(response["LogResult"]).decode()
    assert payload_of(response) == {"got": {"a": 1}}


def test_code_and_layers_may_come_from_s3(aws, create, code):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="assets")
    source = "import shared\ndef handler(event, context): return shared.x\n"
    s3.put_object(Bucket="assets", Key="code.zip", Body=code({"pkg/app.py": source}))
    s3.put_object(Bucket="assets", Key="layer.zip", Body=code({"python/shared.py": "x = 5"}))
    layer = aws.client("lambda").publish_layer_version(
        LayerName="shared", Content={"S3Bucket": "assets", "S3Key": "layer.zip"}
    )
    name = create(
        "",
        Code={"S3Bucket": "assets", "S3Key": "code.zip"},
        Layers=[layer["LayerVersionArn"]],
        Handler="pkg/app.handler",
    )
    assert payload_of(aws.client("lambda").invoke(FunctionName=name)) == 5


def test_a_function_reaches_the_embedded_aws(aws, create):
    aws.client("ssm").put_parameter(Name="/alias", Value="model", Type="String")
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    return boto3.client('ssm').get_parameter(Name='/alias')['Parameter']['Value']\n"
    )
    name = create(source, Timeout=30, MemorySize=256)
    assert payload_of(aws.client("lambda").invoke(FunctionName=name)) == "model"


def test_a_published_version_keeps_its_code_and_environment(aws, create, code):
    functions = aws.client("lambda")
    answer = "[os.environ['STAGE'], {number}, context.function_version]"
    name = create(
        ANSWER.format(answer=answer.format(number=1)), Environment={"Variables": {"STAGE": "old"}}
    )
    first = functions.publish_version(FunctionName=name)["Version"]
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion=first)
    functions.update_function_code(
        FunctionName=name, ZipFile=code({"app.py": ANSWER.format(answer=answer.format(number=2))})
    )
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"STAGE": "new"}}
    )
    second = functions.publish_version(FunctionName=name)["Version"]
    seen = {}
    for qualifier in (None, "$LATEST", first, second, "live"):
        where = {"Qualifier": qualifier} if qualifier else {}
        response = functions.invoke(FunctionName=name, **where)
        seen[qualifier] = (response["ExecutedVersion"], payload_of(response))
    assert seen == {
        None: ("$LATEST", ["new", 2, "$LATEST"]),
        "$LATEST": ("$LATEST", ["new", 2, "$LATEST"]),
        "1": ("1", ["old", 1, "1"]),
        "2": ("2", ["new", 2, "2"]),
        "live": ("1", ["old", 1, "1"]),
    }


def test_publishing_an_unchanged_function_gives_the_same_version(aws, create):
    functions = aws.client("lambda")
    name = create(ANSWER.format(answer="1"))
    functions.update_function_configuration(FunctionName=name, Timeout=5)
    versions = {functions.publish_version(FunctionName=name)["Version"] for _ in range(2)}
    assert versions == {"1"}


def test_an_arn_may_carry_the_qualifier(aws, create):
    functions = aws.client("lambda")
    name = create(ANSWER.format(answer="context.invoked_function_arn"))
    version = functions.publish_version(FunctionName=name)
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    assert payload_of(functions.invoke(FunctionName=f"{arn}:1")) == version["FunctionArn"]
    assert payload_of(functions.invoke(FunctionName=arn)) == arn
    assert payload_of(functions.invoke(FunctionName=f"123456789012:function:{name}")) == arn


def test_a_failing_function_answers_200_with_a_function_error(aws, create):
    name = create("def handler(event, context): raise KeyError('run')\n")
    response = aws.client("lambda").invoke(FunctionName=name)
    assert (response["StatusCode"], response["FunctionError"]) == (200, "Unhandled")
    assert payload_of(response)["errorType"] == "KeyError"


def test_an_unknown_function_or_qualifier_is_not_found(aws, create):
    functions = aws.client("lambda")
    name = create(ANSWER.format(answer="1"))
    for where in ({"FunctionName": "nobody"}, {"FunctionName": name, "Qualifier": "9"}):
        with pytest.raises(functions.exceptions.ResourceNotFoundException):
            functions.invoke(**where)


def test_a_payload_that_is_too_large_or_no_json_is_refused(aws, create):
    functions = aws.client("lambda")
    name = create(ANSWER.format(answer="1"))
    with pytest.raises(functions.exceptions.RequestTooLargeException):
        functions.invoke(FunctionName=name, Payload=b'"' + b"x" * 6 * 1024 * 1024 + b'"')
    with pytest.raises(functions.exceptions.InvalidRequestContentException):
        functions.invoke(FunctionName=name, Payload=b"{")


def test_reserved_concurrency_throttles(aws, create):
    functions = aws.client("lambda")
    name = create(ANSWER.format(answer="1"))
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(functions.exceptions.TooManyRequestsException):
        functions.invoke(FunctionName=name)


def test_a_dry_run_runs_nothing(aws, create):
    name = create("raise SystemError\n")
    response = aws.client("lambda").invoke(FunctionName=name, InvocationType="DryRun")
    assert response["StatusCode"] == 204


def test_a_function_of_another_language_is_refused_by_name(aws, create):
    name = create("", Runtime="nodejs22.x")
    with pytest.raises(ClientError, match=r"has runtime 'nodejs22\.x'"):
        aws.client("lambda").invoke(FunctionName=name)


def test_the_log_lands_in_the_group_of_the_logging_config(aws, create):
    logs = aws.client("logs")
    given = create("def handler(e, c): print('seen')\n", LoggingConfig={"LogGroup": "/own/group"})
    default = create("def handler(e, c): print('seen too')\n")
    for name in (given, default):
        aws.client("lambda").invoke(FunctionName=name)
    (event,) = logs.filter_log_events(logGroupName="/own/group", filterPattern="seen")["events"]
    assert event["message"] == "seen"
    events = logs.filter_log_events(logGroupName=f"/aws/lambda/{default}")["events"]
    assert events[1]["message"] == "seen too"
    assert events[0]["logStreamName"].split("/")[-1].startswith("[$LATEST]")
    configuration = aws.client("lambda").get_function_configuration(FunctionName=given)
    assert configuration["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/own/group"}


def test_concurrent_invocations_keep_their_logs_apart(aws, create):
    functions = aws.client("lambda")
    name = create("def handler(e, c): print(f'event {e}')\n")
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda n: functions.invoke(FunctionName=name, Payload=str(n).encode()), range(8)
            )
        )
    events = aws.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{name}", filterPattern="event"
    )["events"]
    assert {event["message"] for event in events} == {f"event {n}" for n in range(8)}


def queue_of(aws, name):
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])

    def receive():
        while True:
            messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages")
            if messages:
                return messages[0]["Body"]

    return attributes["Attributes"]["QueueArn"], receive


def test_an_asynchronous_invocation_is_answered_at_once_and_recorded(aws, create):
    arn, receive = queue_of(aws, "done")
    name = create(ANSWER.format(answer="event['n'] + 1"))
    functions = aws.client("lambda")
    functions.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    response = functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 1}')
    assert response["StatusCode"] == 202
    assert response["Payload"].read() == b""
    record = json.loads(receive())
    assert record["requestPayload"] == {"n": 1}
    assert record["responsePayload"] == 2
    assert record["requestContext"]["condition"] == "Success"


def test_a_failing_asynchronous_invocation_is_tried_three_times_and_handed_on(aws, create):
    failures, failed = queue_of(aws, "failures")
    letters, dead_letter = queue_of(aws, "dead-letters")
    name = create(
        "def handler(event, context): raise OSError('down')\n",
        DeadLetterConfig={"TargetArn": letters},
    )
    functions = aws.client("lambda")
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.put_function_event_invoke_config(
        FunctionName=name,
        Qualifier=version,
        DestinationConfig={"OnFailure": {"Destination": failures}},
    )
    functions.invoke(
        FunctionName=name, Qualifier=version, InvocationType="Event", Payload=b'{"n": 1}'
    )
    record = json.loads(failed())
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["functionArn"].endswith(f":{name}:{version}")
    assert record["responsePayload"]["errorType"] == "OSError"
    assert json.loads(dead_letter()) == {"n": 1}


@pytest.mark.usefixtures("aws")
def test_uninstalling_gives_moto_back_as_it_was():
    patched = LambdaFunction.invoke
    runtime = LambdaRuntime(endpoint_url_of=str, region="us-east-1")
    install(runtime)()
    runtime.close()
    assert LambdaFunction.invoke is patched


def test_an_answer_may_be_a_file_in_base64(aws, create):
    name = create("def handler(event, context): return b'raw bytes'\n")
    response = aws.client("lambda").invoke(FunctionName=name)
    assert io.BytesIO(response["Payload"].read()).getvalue() == b"raw bytes"
