"""Between the PascalCase JSON of a definition and botocore's parameters and responses."""

import base64
from collections.abc import Mapping
from datetime import datetime

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.response import StreamingBody

from bedrock_customization_local.cloud.stepfunctions.language.values import dump, timestamp
from bedrock_customization_local.cloud.untyped import Json


class UnknownFieldError(ValueError):
    """A parameter that the operation does not have."""


def to_botocore(shape: Shape | None, value: Json, where: str = "") -> Json:
    """Rename the members of structures to botocore's names.

    Args:
        shape: The shape of the value; None for an operation without input.
        value: What the definition computed.
        where: The path to the value, for errors.

    Raises:
        UnknownFieldError: A structure has no such member.
    """
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            _member(shape, key, where): to_botocore(
                shape.members[_member(shape, key, where)], item, f"{where}.{key}"
            )
            for key, item in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [to_botocore(shape.member, item, f"{where}[]") for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: to_botocore(shape.value, item, where) for key, item in value.items()}
    if shape is not None and shape.type_name == "blob":
        return (value if isinstance(value, str) else dump(value)).encode()
    if shape is None and value:
        raise UnknownFieldError("the operation takes no parameters")
    return value


def unknown_fields(shape: Shape | None, template: Json, where: str = "") -> list[str]:
    """Return the paths in a template that no member of the operation's input answers to."""
    if isinstance(shape, StructureShape) and isinstance(template, Mapping):
        found: list[str] = []
        for key, item in template.items():
            name = key.removesuffix(".$")
            try:
                member = _member(shape, name, where)
            except UnknownFieldError:
                found.append(f"{where}.{name}".lstrip("."))
                continue
            if not key.endswith(".$"):
                found += unknown_fields(shape.members[member], item, f"{where}.{name}")
        return found
    if isinstance(shape, ListShape) and isinstance(template, list):
        return [path for item in template for path in unknown_fields(shape.member, item, where)]
    return []


def from_botocore(shape: Shape | None, value: Json) -> Json:
    """Return a response as plain JSON with PascalCase members.

    Args:
        shape: The shape of the value; None for an operation without output.
        value: What botocore parsed.
    """
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            key[0].upper() + key[1:]: from_botocore(shape.members[key], item)
            for key, item in value.items()
            if key in shape.members and item is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [from_botocore(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: from_botocore(shape.value, item) for key, item in value.items()}
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, StreamingBody):
        value = value.read()
    if isinstance(value, bytes | bytearray):
        return _text(bytes(value))
    return value


def _member(shape: StructureShape, key: str, where: str) -> str:
    # PascalCase is asked for; acronyms may be spelled as either SDK does (KMSKeyId, KmsKeyId).
    exact = {name[0].upper() + name[1:]: name for name in shape.members}
    if key in exact:
        return exact[key]
    loose = {name.lower(): name for name in shape.members}
    if key[:1].isupper() and key.lower() in loose:
        return loose[key.lower()]
    raise UnknownFieldError(
        f"the field {f'{where}.{key}'.lstrip('.')!r} is not one of {', '.join(sorted(exact))}"
    )


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()
