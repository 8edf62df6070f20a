"""Requests are held against botocore's model: the rules that boto3 leaves out, in bounded time."""

import itertools
import re

import pytest

from bedrock_customization_local.cloud.bedrock import shapes
from bedrock_customization_local.cloud.bedrock.errors import ValidationError

CREATE = "CreateModelCustomizationJob"
REQUEST = {
    "jobName": "job",
    "customModelName": "model",
    "roleArn": "arn:aws:iam::123456789012:role/r",
    "baseModelIdentifier": "amazon.nova-micro-v1:0:128k",
    "trainingDataConfig": {"s3Uri": "s3://bucket/key"},
    "outputDataConfig": {"s3Uri": "s3://bucket/key"},
}


def strings(shape, path=()):
    """Yield the path and the shape of every string of a request."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from strings(member, (*path, name))
    elif shape.type_name == "list":
        yield from strings(shape.member, (*path, 0))
    elif shape.type_name == "map":
        yield from strings(shape.value, (*path, "key"))
    elif shape.type_name == "string":
        yield path, shape


CHECKED = [
    (path, shape)
    for path, shape in strings(shapes.operation_model(CREATE).input_shape)
    if "pattern" in shape.metadata or shape.enum
]


def with_string(path, text):
    """Return a request that holds a text at a path, and what else boto3 asks for there."""
    value = text
    for name in reversed(path):
        value = [value] if name == 0 else {name: value}
    name, inner = next(iter(value.items()))
    return {**REQUEST, name: completed(name, inner)}


def completed(name, value):
    if name in {"jobTags", "customModelTags"}:
        return [{"key": "k", "value": "v"} | value[0]]
    if name == "vpcConfig":
        return {"subnetIds": ["s"], "securityGroupIds": ["s"]} | value
    if name == "trainingDataConfig" and "invocationLogsConfig" in value:
        source = {"invocationLogSource": {"s3Uri": "s3://bucket/logs"}}
        return {"invocationLogsConfig": source | value["invocationLogsConfig"]}
    return value


@pytest.mark.parametrize(("path", "shape"), CHECKED)
@pytest.mark.parametrize("piece", ["a", "a-", "-", "a.", "s3://aaa/a", "a/", "arn:aws:"])
def test_every_pattern_and_enum_is_enforced_and_ends(path, shape, piece):
    longest = shape.metadata.get("max", 2048)
    text = (piece * longest)[: longest - 1] + "!"
    with pytest.raises(ValidationError, match="failed to satisfy constraint"):
        shapes.check_request(CREATE, with_string(path, text))


def test_the_linear_pattern_of_job_names_accepts_what_botocores_accepts():
    shape = shapes.operation_model(CREATE).input_shape.members["jobName"]
    slow = re.compile(shape.metadata["pattern"])
    for length in range(1, 6):
        for letters in itertools.product("aZ0-+._", repeat=length):
            name = "".join(letters)
            try:
                shapes.check_request(CREATE, REQUEST | {"jobName": name})
                accepted = True
            except ValidationError:
                accepted = False
            assert accepted == bool(slow.fullmatch(name)), name
