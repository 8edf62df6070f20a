"""The Condition element: every operator of IAM."""

import ipaddress
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from bedrock_customization_local.cloud.iam.patterns import (
    Lookup,
    arn_matches,
    glob_matches,
    substituted,
)
from bedrock_customization_local.cloud.iam.request import Context

Conditions = Mapping[str, Mapping[str, Sequence[str]]]
"""Operators, their condition keys, and the values of each."""

_Comparison = Callable[[str, str, Lookup], bool]
"""Takes the policy's value, the request's value, and the variables."""


def hold(conditions: Conditions, context: Context) -> bool:
    """Tell whether every condition of a statement holds.

    Raises:
        ValueError: An operator is not one of IAM's.
    """
    return all(
        _holds(name, key, values, context)
        for name, keys in conditions.items()
        for key, values in keys.items()
    )


def _holds(name: str, key: str, expected: Sequence[str], context: Context) -> bool:
    quantifier, _, bare = name.rpartition(":")
    if bare.lower() == "null":
        return (key not in context) == (expected[0].lower() == "true")
    if_exists = bare.endswith("IfExists")
    comparison, negated = _operator(bare.removesuffix("IfExists"))
    actual = context.get(key, ())
    if not actual:
        # Of a key that is missing, everything "for all" is true, and so is every "not".
        return quantifier == "ForAllValues" or if_exists or (negated and not quantifier)

    def fits(value: str) -> bool:
        return negated != any(comparison(one, value, context.single) for one in expected)

    if quantifier == "ForAnyValue":
        return any(map(fits, actual))
    if quantifier in {"", "ForAllValues"}:
        return all(map(fits, actual))
    raise ValueError(f"condition operator {name!r} is not known: use ForAnyValue or ForAllValues")


def _operator(name: str) -> tuple[_Comparison, bool]:
    try:
        return _OPERATORS[name.lower()]
    except KeyError:
        raise ValueError(
            f"condition operator {name!r} is not known: see IAM's list of condition operators"
        ) from None


def _equals(expected: str, actual: str, lookup: Lookup) -> bool:
    return substituted(expected, lookup) == actual


def _equals_ignoring_case(expected: str, actual: str, lookup: Lookup) -> bool:
    text = substituted(expected, lookup)
    return text is not None and text.casefold() == actual.casefold()


def _like(expected: str, actual: str, lookup: Lookup) -> bool:
    return glob_matches(expected, actual, lookup)


def _numbers(compare: Callable[[float, float], bool]) -> _Comparison:
    def comparison(expected: str, actual: str, _lookup: Lookup) -> bool:
        try:
            return compare(float(actual), float(expected))
        except ValueError:
            return False

    return comparison


def _dates(compare: Callable[[float, float], bool]) -> _Comparison:
    def comparison(expected: str, actual: str, _lookup: Lookup) -> bool:
        try:
            return compare(_seconds(actual), _seconds(expected))
        except ValueError:
            return False

    return comparison


def _seconds(moment: str) -> float:
    """Return seconds since the epoch of a W3C date or of such a number."""
    try:
        return float(moment)
    except ValueError:
        date = datetime.fromisoformat(moment)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _in_network(expected: str, actual: str, _lookup: Lookup) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(expected, strict=False)
    except ValueError:
        return False


_OPERATORS: Mapping[str, tuple[_Comparison, bool]] = {
    "stringequals": (_equals, False),
    "stringnotequals": (_equals, True),
    "stringequalsignorecase": (_equals_ignoring_case, False),
    "stringnotequalsignorecase": (_equals_ignoring_case, True),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    "arnequals": (arn_matches, False),
    "arnlike": (arn_matches, False),
    "arnnotequals": (arn_matches, True),
    "arnnotlike": (arn_matches, True),
    "bool": (_equals_ignoring_case, False),
    "binaryequals": (_equals, False),
    "numericequals": (_numbers(operator.eq), False),
    "numericnotequals": (_numbers(operator.eq), True),
    "numericlessthan": (_numbers(operator.lt), False),
    "numericlessthanequals": (_numbers(operator.le), False),
    "numericgreaterthan": (_numbers(operator.gt), False),
    "numericgreaterthanequals": (_numbers(operator.ge), False),
    "dateequals": (_dates(operator.eq), False),
    "datenotequals": (_dates(operator.eq), True),
    "datelessthan": (_dates(operator.lt), False),
    "datelessthanequals": (_dates(operator.le), False),
    "dategreaterthan": (_dates(operator.gt), False),
    "dategreaterthanequals": (_dates(operator.ge), False),
    "ipaddress": (_in_network, False),
    "notipaddress": (_in_network, True),
}
