"""Function URLs over real HTTP: who may use them, what the function sees, what comes back."""

import base64
import io
import json
import urllib.error
import urllib.request
import zipfile

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from bedrock_customization_local.cloud.server import LocalCloud

ECHO = """
import json

def handler(event, context):
    if event["rawPath"] == "/break":
        raise ValueError("broken")
    if event["rawPath"] == "/plain":
        return {"plain": True}
    return {"statusCode": 201, "headers": {"X-Own": "yes"}, "body": json.dumps(event)}
"""


@pytest.fixture(scope="module")
def cloud():
    with LocalCloud() as running:
        yield running


@pytest.fixture(scope="module")
def make_url(cloud):
    """Make a function with an address."""

    def make(name, auth_type):
        client = cloud.client("lambda")
        role = cloud.client("iam").create_role(
            RoleName=f"{name}-role",
            AssumeRolePolicyDocument=json.dumps(
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
            ),
        )
        client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler="index.handler",
            Code={"ZipFile": zipped(ECHO)},
        )
        return client.create_function_url_config(FunctionName=name, AuthType=auth_type)[
            "FunctionUrl"
        ]

    return make


def zipped(source):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", source)
    return buffer.getvalue()


def fetch(url, data=None, headers=None):
    request = urllib.request.Request(url, data=data, headers=headers or {})  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310 - loopback
            return response.status, dict(response.headers), json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), json.loads(error.read())


def signed(cloud, url, data=b"{}"):
    request = AWSRequest("POST", url, data=data, headers={"Content-Type": "application/json"})
    credentials = boto3.Session().get_credentials()
    SigV4Auth(credentials, "lambda", cloud.region).add_auth(request)
    return dict(request.headers)


@pytest.fixture(scope="module")
def public(cloud, make_url):
    """An address that is open to all, once the function's policy says so."""
    url = make_url("public", "NONE")
    assert fetch(url)[0] == 403
    client = cloud.client("lambda")
    client.add_permission(
        FunctionName="public",
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    assert fetch(url)[0] == 403
    client.add_permission(
        FunctionName="public",
        StatementId="invoke",
        Action="lambda:InvokeFunction",
        Principal="*",
        InvokedViaFunctionUrl=True,
    )
    return url


def test_a_function_sees_the_request_and_nobody_s_name(public):
    status, headers, event = fetch(f"{public}a/b?x=1&x=2&y=", headers={"X-Mine": "here"})
    assert (status, headers["x-own"]) == (201, "yes")
    assert (event["version"], event["rawPath"]) == ("2.0", "/a/b")
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["headers"]["x-mine"] == "here"
    assert event["requestContext"]["http"]["method"] == "GET"
    assert "authorizer" not in event["requestContext"]


def test_a_form_comes_as_base64_and_json_as_text(public):
    form = fetch(public, b"a=1")[2]
    assert form["isBase64Encoded"]
    assert base64.b64decode(form["body"]) == b"a=1"
    text = fetch(public, b'{"a": 1}', {"Content-Type": "application/json"})[2]
    assert (text["isBase64Encoded"], text["body"]) == (False, '{"a": 1}')


def test_a_function_that_fails_or_returns_no_response_is_answered_as_lambda_does(public):
    assert fetch(f"{public}break")[0] == 502
    assert fetch(f"{public}plain")[2] == {"plain": True}


def test_an_address_that_is_gone_is_not_found(cloud, make_url):
    url = make_url("gone", "NONE")
    cloud.client("lambda").delete_function_url_config(FunctionName="gone")
    assert fetch(url)[0] == 404


def test_an_address_with_iam_takes_signed_requests_and_names_who_signed(cloud, make_url):
    url = make_url("known", "AWS_IAM")
    assert fetch(url, b"{}")[0] == 403
    event = fetch(url, b"{}", signed(cloud, url))[2]
    who = event["requestContext"]["authorizer"]["iam"]
    assert who["userArn"] == "arn:aws:iam::123456789012:user/test"
