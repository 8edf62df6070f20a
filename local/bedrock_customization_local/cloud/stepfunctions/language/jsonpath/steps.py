"""What a path is made of when it is run: steps to values, and the conditions of filters."""

from collections.abc import Callable, Iterator
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.language.jsonpath.path import (
    Path,
    PathError,
    Step,
)
from bedrock_customization_local.cloud.untyped import Json

Operand = Callable[[Json, Json], Json]
"""Part of a condition: from an item and the document to its value."""
MISSING: Final = object()
"""The value of a path in a condition that names nothing."""


def all_values(value: Json, _root: Json) -> Iterator[Json]:
    """Yield what an object or a list holds."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def descend(value: Json, root: Json) -> Iterator[Json]:
    """Yield a value and all that is below it."""
    yield value
    for item in all_values(value, root):
        yield from descend(item, root)


def by_key(key: str | int) -> Step:
    """Return the step to a name of an object, or an index of a list."""

    def step(value: Json, _root: Json) -> Iterator[Json]:
        if isinstance(key, str):
            if isinstance(value, dict) and key in value:
                yield value[key]
        elif isinstance(value, list) and -len(value) <= key < len(value):
            yield value[key]

    return step


def by_slice(start: int | None, stop: int | None, step: int | None) -> Step:
    """Return the step to a slice of a list."""

    def select(value: Json, _root: Json) -> Iterator[Json]:
        if isinstance(value, list):
            yield from value[start:stop:step]

    return select


def where(condition: Operand) -> Step:
    """Return the step to the items that fulfil a condition."""

    def select(value: Json, root: Json) -> Iterator[Json]:
        items = value if isinstance(value, list) else [value]
        yield from (item for item in items if condition(item, root))

    return select


def find_or_missing(path: Path, document: Json) -> Json:
    """Return what a path in a condition selects, `MISSING` if nothing."""
    try:
        return path.find(document)
    except PathError:
        return MISSING


def _ordered(compare: Callable[[Json, Json], bool]) -> Callable[[Json, Json], bool]:
    def safely(left: Json, right: Json) -> bool:
        try:
            return compare(left, right)
        except TypeError:
            return False

    return safely


COMPARISONS: Final[dict[str, Callable[[Json, Json], bool]]] = {
    "==": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "=~": lambda left, right: isinstance(left, str) and bool(right.fullmatch(left)),
    "in": lambda left, right: left in right,
    "nin": lambda left, right: left not in right,
}
"""The operators of conditions."""
