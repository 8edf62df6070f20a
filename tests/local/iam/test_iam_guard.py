import io
import json
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


@pytest.mark.parametrize(
    ("service", "call", "code", "action"),
    [
        ("s3", lambda c: c.get_object(Bucket="data", Key="x"), "AccessDenied", "s3:GetObject"),
        ("s3", lambda c: c.put_object(Bucket="data", Key="x", Body=b"1" * 100_000), "AccessDenied", "s3:PutObject"),
        ("s3", lambda c: c.upload_fileobj(io.BytesIO(b"1" * 9_000_000), "data", "x"), "AccessDenied", "s3:PutObject"),
        ("s3", lambda c: c.list_objects_v2(Bucket="data"), "AccessDenied", "s3:ListBucket"),
        ("s3", lambda c: c.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "x"}]}), "AccessDenied", "s3:DeleteObject"),
        ("ssm", lambda c: c.get_parameter(Name="/a"), "AccessDeniedException", "ssm:GetParameter"),
        ("sns", lambda c: c.publish(TopicArn="arn:aws:sns:us-east-1:123456789012:t", Message="m"), "AuthorizationError", "sns:Publish"),
        ("lambda", lambda c: c.invoke(FunctionName="f"), "AccessDeniedException", "lambda:InvokeFunction"),
        ("stepfunctions", lambda c: c.list_state_machines(), "AccessDeniedException", "states:ListStateMachines"),
        ("bedrock", lambda c: c.list_custom_models(), "AccessDeniedException", "bedrock:ListCustomModels"),
        ("bedrock-runtime", lambda c: c.converse(modelId="m.x", messages=[]), "AccessDeniedException", "bedrock:InvokeModel"),
        ("events", lambda c: c.put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}]), "AccessDeniedException", "events:PutEvents"),
        ("cloudwatch", lambda c: c.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m"}]), "AccessDeniedException", "cloudwatch:PutMetricData"),
    ],
)  # fmt: skip
def test_a_role_is_refused_what_it_may_not_do(aws, sessions, service, call, code, action):
    aws.client("s3").create_bucket(Bucket="data")
    client = as_role(aws, sessions, aws.role(), service)
    with pytest.raises(Exception, match=f"not authorized to perform: {action}") as refused:
        call(client)
    error = refused.value
    if isinstance(error, ClientError):
        assert error.response["Error"]["Code"] == code


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
    import urllib.request  # noqa: PLC0415 - only here

    aws.client("s3").create_bucket(Bucket="data")
    aws.client("s3").put_object(Bucket="data", Key="x", Body=b"secret")
    s3 = as_role(aws, sessions, aws.role(), "s3", signature_version="s3v4")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "x"})
    with pytest.raises(urllib.request.HTTPError, match="403"):
        urllib.request.urlopen(url)


def test_people_pass_unchecked(aws, sessions):
    assert sessions.role_of("test") is None
    aws.client("s3").create_bucket(Bucket="data")
    aws.client("s3").put_object(Bucket="data", Key="x", Body=b"1")


def test_a_function_is_refused_what_its_role_may_not_do(aws, sessions):
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    ssm = boto3.client('ssm')\n"
        "    ssm.put_parameter(Name='/alias', Value='v', Type='String')\n"
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
