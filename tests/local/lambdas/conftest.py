import io
import zipfile
from collections.abc import Callable, Iterator

import pytest

from bedrock_customization_local.cloud.lambdas import Archive, FunctionDefinition, LambdaRuntime

ARN = "arn:aws:lambda:us-east-1:123456789012:function:probe"


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture
def archive() -> Callable[[dict[str, str]], Archive]:
    return lambda files: Archive.of(zipped(files))


@pytest.fixture
def code() -> Callable[[dict[str, str]], bytes]:
    return zipped


@pytest.fixture
def function() -> Callable[..., FunctionDefinition]:
    def define(source: str, **changes: object) -> FunctionDefinition:
        given = {
            "name": "probe",
            "arn": ARN,
            "handler": "app.handler",
            "runtime": "python3.11",
            "role": "arn:aws:iam::123456789012:role/probe",
            "code": Archive.of(zipped({"app.py": source})),
            "log_group": "/aws/lambda/probe",
            **changes,
        }
        return FunctionDefinition(**given)

    return define


@pytest.fixture(scope="module")
def runtime() -> Iterator[LambdaRuntime]:
    lambdas = LambdaRuntime(
        endpoint_url_of=lambda: "http://127.0.0.1:1", region="eu-west-1", max_sandboxes=8
    )
    yield lambdas
    lambdas.close()
