"""Requests and replies held against botocore's service models.

boto3 checks required and unknown members, types, unions and minima. The service also checks
patterns, enums, maxima and sizes of lists and maps: so does this.

Patterns are matched by RE2, whose time is linear in the text. Python's `re` backtracks: botocore's
pattern of job names nests two repetitions that match the same hyphens, so a long name that does not
match takes for ever.
"""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import re2
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, StringShape
from botocore.validate import ParamValidator

from bedrock_customization_local.cloud.bedrock.errors import InternalServerError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import ListShape, MapShape, Shape, StructureShape

    from bedrock_customization_local.cloud.untyped import Json

CONTROL_PLANE, DATA_PLANE = "bedrock", "bedrock-runtime"

# RE2 counts to a thousand: `x{1,1024}` is `x{1,512}x{0,512}`.
_UNCOUNTABLE = re.compile(r"(?P<what>\.|\[[^\]]*\])\{1,(?P<most>\d{4,})\}")
_COUNTED = 512
_PATTERN_BYTES = 64 * 1024 * 1024
"""That a pattern may grow to; RE2 complains of some of botocore's within its own 8 MB."""
_QUOTED = 128
# The user guide's own requests have a value that the API's model lacks: "General" of every job
# with a judge.
_BEYOND_ENUMS = {"EvaluationTaskType": frozenset({"General"})}


@cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's model of `CONTROL_PLANE` or `DATA_PLANE`."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def operation_model(operation: str) -> OperationModel:
    """Return the model of an operation, whichever plane has it."""
    for service in (CONTROL_PLANE, DATA_PLANE):
        model = service_model(service)
        if operation in model.operation_names:
            return model.operation_model(operation)
    raise KeyError(operation)


def declares(operation: str, error: str) -> bool:
    """Tell whether an operation can answer with an error."""
    return error in {shape.name for shape in operation_model(operation).error_shapes}


def error_status(operation: str, error: str) -> int:
    """Return the HTTP status of an error; 501 for one that AWS does not have."""
    for shape in operation_model(operation).error_shapes:
        if shape.name == error:
            status: int = shape.metadata["error"]["httpStatusCode"]
            return status
    return HTTPStatus.BAD_REQUEST if error.endswith("Exception") else HTTPStatus.NOT_IMPLEMENTED


def check_request(operation: str, parameters: Mapping[str, Any]) -> None:
    """Check a request against its input shape.

    Raises:
        ValidationError: Names the member.
    """
    for problem in request_problems(operation, parameters):
        raise ValidationError(problem)


def request_problems(operation: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a request: with its types, or if they are right, with its values."""
    shape = operation_model(operation).input_shape
    if shape is None:
        return
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        yield report.generate_report()
        return
    for problem in _problems(parameters, shape, ""):
        yield f"1 validation error detected: {problem}"


def check_reply(operation: str, reply: Mapping[str, Any]) -> None:
    """Check a reply against its output shape: required members, types, enums.

    Raises:
        InternalServerError: The emulation broke the contract.
    """
    shape = operation_model(operation).output_shape
    if shape is None:
        return
    report = ParamValidator().validate(reply, shape)
    if report.has_errors():
        raise InternalServerError(f"reply of {operation}: {report.generate_report()}")
    for problem in _problems(reply, shape, "", enums_only=True):
        raise InternalServerError(f"reply of {operation}: {problem}")


def _problems(
    value: Json,
    shape: Shape,
    path: str,
    *,
    enums_only: bool = False,
) -> Iterator[str]:
    """Yield what is wrong with a value that is of the shape's type."""
    if not enums_only and shape.type_name in {"list", "map", "blob"}:
        yield from _size_problems(len(value), shape, path, "size")
    if not enums_only and shape.type_name in {"integer", "long", "float", "double"}:
        yield from _size_problems(value, shape, path, "value")
    if shape.type_name == "string":
        yield from _string_problems(value, cast("StringShape", shape), path, enums_only=enums_only)
    for member, member_shape, where in _members(value, shape, path):
        yield from _problems(member, member_shape, where, enums_only=enums_only)


def _members(value: Json, shape: Shape, path: str) -> Iterator[tuple[Json, Shape, str]]:
    """Yield what a value is made of, each with its shape and where it is."""
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        members = cast("StructureShape", shape).members
        for name, item in value.items():
            if item is not None and name in members:
                yield item, members[name], f"{path}.{name}" if path else name
    elif shape.type_name == "list":
        for index, item in enumerate(value, 1):
            yield item, cast("ListShape", shape).member, f"{path}.{index}.member"
    elif shape.type_name == "map":
        entries = cast("MapShape", shape)
        for key, item in value.items():
            yield key, entries.key, f"{path}.{key}"
            yield item, entries.value, f"{path}.{key}"


def _string_problems(
    value: str, shape: StringShape, path: str, *, enums_only: bool
) -> Iterator[str]:
    enum = shape.enum
    if enum and value not in enum and value not in _BEYOND_ENUMS.get(shape.name, ()):
        yield _problem(value, path, f"satisfy enum value set: [{', '.join(enum)}]")
    if enums_only:
        return
    # Length first: patterns are only tried on what is short enough.
    problems = list(_size_problems(len(value), shape, path, "length", value))
    if problems:
        yield problems[0]
        return
    pattern = shape.metadata.get("pattern")
    if pattern and compiled(pattern).fullmatch(value) is None:
        yield _problem(value, path, f"satisfy regular expression pattern: {pattern}")


def _size_problems(
    size: float, shape: Shape, path: str, what: str, value: str | None = None
) -> Iterator[str]:
    shown = str(size) if value is None else value
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if lowest is not None and size < lowest:
        yield _problem(shown, path, f"have {what} greater than or equal to {lowest}")
    if highest is not None and size > highest:
        yield _problem(shown, path, f"have {what} less than or equal to {highest}")


def _problem(value: str, path: str, constraint: str) -> str:
    shown = value if len(value) <= _QUOTED else f"{value[:_QUOTED]}…"
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must {constraint}"


@cache
def compiled(pattern: str) -> re2._Regexp[str]:
    """Return a pattern of botocore's, as RE2 takes it."""

    def counted(match: re.Match[str]) -> str:
        what, most = match["what"], int(match["most"])
        rest = f"{what}{{0,{_COUNTED}}}" * (most // _COUNTED - 1)
        return f"{what}{{1,{_COUNTED}}}{rest}{what}{{0,{most % _COUNTED}}}"

    options = re2.Options()
    options.max_mem = _PATTERN_BYTES
    return re2.compile(_UNCOUNTABLE.sub(counted, pattern), options)
