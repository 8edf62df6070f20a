"""What stands in a resolved template, taken as what it should be, or as nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_customization_runtime.template_rules.intrinsics import Json


def mapping(value: object) -> dict[str, Json]:
    """Return a value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def mapping_items(value: object) -> Iterator[tuple[str, object]]:
    """Yield names and values of an unresolved mapping, of anything else nothing."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            if isinstance(name, str):
                yield name, each


def items(value: Json) -> list[Json]:
    """Return a list as it is, one value as a list, and nothing as an empty one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def text(value: object) -> str:
    """Return a text as it is, and anything else as an empty one."""
    return value if isinstance(value, str) else ""


def texts(value: Json) -> list[str]:
    """Return the texts of one or several."""
    return [each for each in items(value) if isinstance(each, str)]


def number(value: object) -> float | None:
    """Return a number, also one that is written as a text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | str):
        try:
            return float(value)
        except (ValueError, OverflowError):
            return None
    return None


def is_true(value: object) -> bool:
    """Return whether CloudFormation takes a value for true."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def is_false(value: object) -> bool:
    """Return whether CloudFormation takes a value for false."""
    return value is False or (isinstance(value, str) and value.lower() == "false")


def texts_below(value: Json, path: str = "Properties") -> Iterator[tuple[str, str]]:
    """Yield all texts in a value, each with the path to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from texts_below(each, f"{path}.{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from texts_below(each, f"{path}[{index}]")
