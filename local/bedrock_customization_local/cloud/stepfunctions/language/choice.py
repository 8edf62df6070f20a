"""The rules of a JSONPath Choice state."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.language.dataflow import Sight, look_up
from bedrock_customization_local.cloud.stepfunctions.language.jsonpath import PathError
from bedrock_customization_local.cloud.untyped import Json

_MISSING: Final = object()


def holds(rule: Mapping[str, Json], data: Json, sight: Sight) -> bool:
    """Tell whether a Choice rule, or a part of one, holds.

    Args:
        rule: `And`, `Or`, `Not`, or a `Variable` with one comparison.
        data: The state's effective input.
        sight: The context object and the variables.

    Raises:
        StateError: `States.Runtime`: the variable does not exist.
    """
    if "And" in rule:
        return all(holds(part, data, sight) for part in rule["And"])
    if "Or" in rule:
        return any(holds(part, data, sight) for part in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], data, sight)
    comparison = comparison_of(rule)
    expected = rule[comparison]
    value = _value(rule["Variable"], data, sight)
    if comparison == "IsPresent":
        return bool((value is not _MISSING) == expected)
    if value is _MISSING:
        raise _invalid(rule["Variable"])
    if comparison in _KINDS:
        return bool(_KINDS[comparison](value) == expected)
    if comparison.endswith("Path"):
        expected = _value(expected, data, sight)
        if expected is _MISSING:
            raise _invalid(rule[comparison])
        comparison = comparison.removesuffix("Path")
    return _compare(comparison, value, expected)


def comparison_of(rule: Mapping[str, Json]) -> str:
    """Return the name of a rule's comparison.

    Raises:
        KeyError: It has none that exists.
    """
    return next(name for name in rule if name in COMPARISONS)


def _value(path: str, data: Json, sight: Sight) -> Json:
    try:
        return look_up(path, data, sight)
    except PathError:
        return _MISSING


def _invalid(path: str) -> StateError:
    return StateError(
        ErrorName.RUNTIME,
        f"Invalid path '{path}': The choice state's condition path references an invalid value.",
    )


def _compare(comparison: str, value: Json, expected: Json) -> bool:
    if comparison == "StringMatches":
        return isinstance(value, str) and bool(_wildcard(expected).fullmatch(value))
    kind, operator = next(
        (kind, comparison.removeprefix(kind)) for kind in _READERS if comparison.startswith(kind)
    )
    left, right = _READERS[kind](value), _READERS[kind](expected)
    if left is None or right is None:
        return False
    return bool(_OPERATORS[operator](left, right))


def _wildcard(pattern: str) -> re.Pattern[str]:
    # Only * is special here; \* and \\ stand for themselves.
    parts = re.split(r"(\\\\|\\\*|\*)", pattern)
    meaning = {"*": ".*", "\\*": re.escape("*"), "\\\\": re.escape("\\")}
    return re.compile("".join(meaning.get(p, re.escape(p)) for p in parts), re.DOTALL)


def _number(value: Json) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _string(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _boolean(value: Json) -> bool | None:
    return value if isinstance(value, bool) else None


def _moment(value: Json) -> datetime | None:
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


_READERS: Final[dict[str, Callable[[Json], Json]]] = {
    "Boolean": _boolean,
    "Numeric": _number,
    "String": _string,
    "Timestamp": _moment,
}

_OPERATORS: Final[dict[str, Callable[[Json, Json], bool]]] = {
    "Equals": lambda left, right: bool(left == right),
    "GreaterThan": lambda left, right: bool(left > right),
    "GreaterThanEquals": lambda left, right: bool(left >= right),
    "LessThan": lambda left, right: bool(left < right),
    "LessThanEquals": lambda left, right: bool(left <= right),
}

_KINDS: Final[dict[str, Callable[[Json], bool]]] = {
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsNull": lambda value: value is None,
    "IsNumeric": lambda value: _number(value) is not None,
    "IsString": lambda value: isinstance(value, str),
    "IsTimestamp": lambda value: _moment(value) is not None,
}

COMPARISONS: Final = frozenset(
    {"IsPresent", "StringMatches", "BooleanEquals", "BooleanEqualsPath"}
    | set(_KINDS)
    | {
        f"{kind}{operator}{path}"
        for kind in ("Numeric", "String", "Timestamp")
        for operator in _OPERATORS
        for path in ("", "Path")
    }
)
"""Every comparison that a rule may name."""
