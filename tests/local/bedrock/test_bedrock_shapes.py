"""Requests are held against botocore's model: the rules that boto3 leaves out, in linear time."""

import ast
import itertools
import re
from pathlib import Path

import pytest
from botocore import xform_name

import bedrock_customization_runtime
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
BY_STATES = {CREATE, "CreateCustomModelDeployment", "GetCustomModelDeployment"}
BY_PEOPLE = {"ListModelCustomizationJobs", "ListCustomModelDeployments", "InvokeModel"}


def sent_by_handlers():
    """Return the operations that the runtime's code names."""
    operations = {
        xform_name(operation): operation
        for service in (shapes.CONTROL_PLANE, shapes.DATA_PLANE)
        for operation in shapes.service_model(service).operation_names
    }
    root = Path(bedrock_customization_runtime.__file__).parent
    return {
        operations[node.attr]
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in operations
    }


OPERATIONS = sorted(BY_STATES | BY_PEOPLE | sent_by_handlers())


def example(shape):
    """Return the smallest value of a shape that boto3 lets pass."""
    if shape.type_name == "structure":
        required = shape.required_members
        if not required and getattr(shape, "is_tagged_union", False):
            required = list(shape.members)[:1]
        return {name: example(shape.members[name]) for name in required}
    lowest = shape.metadata.get("min", 1)
    simple = {"blob": b"body", "boolean": True, "string": "x" * lowest, "timestamp": 0}
    if shape.type_name == "list":
        return [example(shape.member)] * max(lowest, 1)
    if shape.type_name == "map":
        return {"key": example(shape.value)}
    return simple.get(shape.type_name, lowest)


def placed(shape, path=(), seen=()):
    """Yield every path in a request with the shape there, and what holds a value at that path."""
    yield path, shape, lambda value: value
    if shape.name in seen or getattr(shape, "is_document_type", False):
        return
    seen = (*seen, shape.name)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            rest = {} if getattr(shape, "is_tagged_union", False) else example(shape)
            for where, found, hold in placed(member, (*path, name), seen):
                yield (
                    where,
                    found,
                    lambda value, rest=rest, name=name, hold=hold: {**rest, name: hold(value)},
                )
    elif shape.type_name == "list":
        fewest = shape.metadata.get("min", 0)
        for where, found, hold in placed(shape.member, (*path, "1", "member"), seen):
            rest = [example(shape.member)] * (fewest - 1)
            yield where, found, lambda value, rest=rest, hold=hold: [hold(value), *rest]
    elif shape.type_name == "map":
        for where, found, hold in placed(shape.value, (*path, "key"), seen):
            yield where, found, lambda value, hold=hold: {"key": hold(value)}


def broken(shape):
    """Yield values that break one rule of a shape each, and are of its type."""
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    match shape.type_name:
        case "string":
            if shape.enum:
                yield "no such word"
            if highest is not None:
                yield "a" * (highest + 1)
            pattern = shape.metadata.get("pattern")
            if pattern:  # by Python's own engine, which is quick on what is short
                texts = ("", "a", "\n", "\x00", "é", " a ", "-", "s3://")
                yield from (text for text in texts if not re.fullmatch(pattern, text))
        case "list" if highest is not None:
            yield [example(shape.member)] * (highest + 1)
        case "map" if highest is not None:
            yield {f"key{number}": example(shape.value) for number in range(highest + 1)}
        case "integer" | "long" | "float" | "double" if highest is not None:
            yield highest + 1
        case "blob" if highest is not None and highest <= 1_000_000:
            yield b"x" * (highest + 1)
    if lowest and shape.type_name in {"integer", "long", "float", "double"}:
        yield lowest - 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_request_that_breaks_one_rule_is_refused_and_the_member_named(operation):
    shape = shapes.operation_model(operation).input_shape
    for path, found, hold in placed(shape):
        for value in broken(found):
            problems = list(shapes.request_problems(operation, hold(value)))
            name = ".".join(path)
            # boto3 writes the first item of a list as `list[0]`.
            last = path[-3] if path[-2:] == ("1", "member") else path[-1]
            assert any(f"'{name}'" in one or last in one for one in problems), (name, value)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_union_takes_exactly_one_of_its_members(operation):
    shape = shapes.operation_model(operation).input_shape
    for path, found, hold in placed(shape):
        if not getattr(found, "is_tagged_union", False) or len(found.members) < 2:
            continue
        two = {name: example(found.members[name]) for name in list(found.members)[:2]}
        for value in ({}, two):
            assert list(shapes.request_problems(operation, hold(value))), path


def patterned():
    """Yield the shapes of Bedrock's two planes that have a pattern."""
    for service in (shapes.CONTROL_PLANE, shapes.DATA_PLANE):
        model = shapes.service_model(service)
        found = (model.shape_for(name) for name in model.shape_names)
        yield from (shape for shape in found if shape.metadata.get("pattern"))


@pytest.mark.parametrize("piece", ["a", "a-", "-", "a.", "s3://aaa/a", "a/", "arn:aws:"])
def test_every_pattern_of_a_job_ends_on_a_long_text_that_does_not_match(piece):
    for path, found, hold in placed(shapes.operation_model(CREATE).input_shape):
        if "pattern" in found.metadata:
            longest = found.metadata.get("max", 2048)
            text = (piece * longest)[: longest - 1] + "!\n"
            assert list(shapes.request_problems(CREATE, hold(text))), path


def test_a_pattern_that_counts_further_than_re2_does_counts_the_same():
    counting = [one for one in patterned() if re.search(r"\{\d+,\d{4,}\}", one.metadata["pattern"])]
    assert counting
    for shape in counting:
        pattern = shape.metadata["pattern"]
        starts = ("s3://aaa/", "arn:aws:sagemaker:us-east-1:123456789012:model-package/")
        lengths = (0, 1, 512, 513, 1024, 1025, 2048, 2049)
        for text in (start + "a" * length for start in starts for length in lengths):
            accepted = shapes.compiled(pattern).fullmatch(text) is not None
            assert accepted == bool(re.fullmatch(pattern, text)), (shape.name, len(text))


def test_a_refusal_names_the_member_and_the_rule():
    with pytest.raises(ValidationError, match="at 'jobName' failed to satisfy constraint"):
        shapes.check_request(CREATE, REQUEST | {"jobName": "a b"})
    shapes.check_request(CREATE, REQUEST)


def test_the_pattern_of_job_names_accepts_here_what_it_accepts_everywhere():
    shape = shapes.operation_model(CREATE).input_shape.members["jobName"]
    slow = re.compile(shape.metadata["pattern"])
    for length in range(1, 6):
        for letters in itertools.product("aZ0-+._", repeat=length):
            name = "".join(letters)
            refused = bool(list(shapes.request_problems(CREATE, REQUEST | {"jobName": name})))
            assert refused != bool(slow.fullmatch(name)), name
