import io
import json
import urllib.request
import zipfile

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_local.cloud.iam.guard import install
from bedrock_customization_local.cloud.iam.sessions import RoleSessions
from bedrock_customization_local.cloud.lambdas import LambdaRuntime
from bedrock_customization_local.cloud.lambdas.moto_install import install as install_lambda


def allow(action, resource="*"):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


@pytest.fixture
def sessions(aws):
    known = RoleSessions()
    uninstall = install(aws.authorizer, known)
    yield known
    uninstall()


def as_role(aws, sessions, role, service, **config):
    key = sessions.credentials_of(role).access_key_id
    return aws.client(service, key=key, **config)


TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
EVENT = {"Source": "a", "DetailType": "b", "Detail": "{}"}
# An operation with its parameters, and what is missing for it.
REFUSED = [
    ("s3.get_object", {"Bucket": "data", "Key": "x"}, "s3:GetObject"),
    ("s3.put_object", {"Bucket": "data", "Key": "x", "Body": b"1" * 100_000}, "s3:PutObject"),
    ("s3.list_objects_v2", {"Bucket": "data"}, "s3:ListBucket"),
    (
        "s3.delete_objects",
        {"Bucket": "data", "Delete": {"Objects": [{"Key": "x"}]}},
        "s3:DeleteObject",
    ),
    ("ssm.get_parameter", {"Name": "/a"}, "ssm:GetParameter"),
    ("sns.publish", {"TopicArn": TOPIC, "Message": "m"}, "sns:Publish"),
    ("lambda.invoke", {"FunctionName": "f"}, "lambda:InvokeFunction"),
    ("stepfunctions.list_state_machines", {}, "states:ListStateMachines"),
    ("bedrock.list_custom_models", {}, "bedrock:ListCustomModels"),
    ("bedrock-runtime.converse", {"modelId": "m.x", "messages": []}, "bedrock:InvokeModel"),
    ("events.put_events", {"Entries": [EVENT]}, "events:PutEvents"),
    (
        "cloudwatch.put_metric_data",
        {"Namespace": "n", "MetricData": [{"MetricName": "m"}]},
        "cloudwatch:PutMetricData",
    ),
]
CODES = {"s3": "AccessDenied", "sns": "AuthorizationError"}


@pytest.mark.parametrize(("call", "parameters", "action"), REFUSED)
def test_a_role_is_refused_what_it_may_not_do(aws, sessions, call, parameters, action):
    service, _, method = call.partition(".")
    aws.client("s3").create_bucket(Bucket="data")
    client = as_role(aws, sessions, aws.role(), service)
    with pytest.raises(ClientError, match=f"not authorized to perform: {action}") as refused:
        getattr(client, method)(**parameters)
    code = refused.value.response["Error"]["Code"]
    assert code == CODES.get(service, "AccessDeniedException")


def test_a_role_may_do_what_its_policies_allow(aws, sessions):
    aws.client("s3").create_bucket(Bucket="data")
    role = aws.role(allow("s3:*", ["arn:aws:s3:::data", "arn:aws:s3:::data/runs/*"]))
    s3 = as_role(aws, sessions, role, "s3")
    body = b"1" * 9_000_000
    s3.upload_fileobj(io.BytesIO(body), "data", "runs/1/a")
    s3.put_object(Bucket="data", Key="runs/1/b", Body=b"two", Metadata={"a": "b"})
    assert s3.get_object(Bucket="data", Key="runs/1/a")["Body"].read() == body
    assert s3.head_object(Bucket="data", Key="runs/1/b")["Metadata"] == {"a": "b"}
    objects = [{"Key": "runs/1/a"}, {"Key": "runs/1/b"}]
    assert len(s3.delete_objects(Bucket="data", Delete={"Objects": objects})["Deleted"]) == 2
    with pytest.raises(ClientError, match="403"):
        s3.head_object(Bucket="data", Key="incoming/x")


def test_a_presigned_url_carries_its_signers_rights(aws, sessions):
    aws.client("s3").create_bucket(Bucket="data")
    aws.client("s3").put_object(Bucket="data", Key="x", Body=b"secret")
    s3 = as_role(aws, sessions, aws.role(), "s3", signature_version="s3v4")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "x"})
    with pytest.raises(urllib.request.HTTPError, match="403"):
        urllib.request.urlopen(url)  # noqa: S310 - our own loopback address


def test_people_pass_unchecked(aws, sessions):
    assert sessions.role_of("test") is None
    aws.client("s3").create_bucket(Bucket="data")
    aws.client("s3").put_object(Bucket="data", Key="x", Body=b"1")


def test_a_function_is_refused_what_its_role_may_not_do(aws, sessions):
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    ssm = boto3.client('ssm')\n"
        "    ssm.put_parameter(Name='/alias', Value='v', Type='String', Overwrite=True)\n"
        "    return ssm.get_parameter(Name='/alias')['Parameter']['Value']\n"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", source)
    url = aws.client("ssm").meta.endpoint_url
    runtime = LambdaRuntime(
        endpoint_url_of=lambda: url, region="us-east-1", credentials_of=sessions.credentials_of
    )
    uninstall = install_lambda(runtime)
    try:
        functions = aws.client("lambda")
        outcomes = []
        for actions in (["ssm:PutParameter"], ["ssm:PutParameter", "ssm:GetParameter"]):
            name = f"f{len(actions)}"
            role = aws.role(
                allow(actions, "arn:aws:ssm:us-east-1:123456789012:parameter/alias"), name=name
            )
            functions.create_function(
                FunctionName=name,
                Runtime="python3.11",
                Handler="app.handler",
                Role=role,
                Timeout=60,
                MemorySize=256,
                Code={"ZipFile": buffer.getvalue()},
            )
            outcomes.append(json.loads(functions.invoke(FunctionName=name)["Payload"].read()))
        aws.client("ssm").delete_parameter(Name="/alias")
    finally:
        uninstall()
        runtime.close()
    refused, answered = outcomes
    assert "AccessDeniedException" in refused["errorMessage"]
    assert "is not authorized to perform: ssm:GetParameter" in refused["errorMessage"]
    assert answered == "v"
