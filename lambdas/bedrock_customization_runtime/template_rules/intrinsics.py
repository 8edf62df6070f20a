"""CloudFormation's intrinsic functions, resolved as far as a template alone allows.

What only a deployment knows stays as `${LogicalId}` or `${LogicalId.Attribute}` in a text, so that
a rule sees both the literal parts and what is referred to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

_DEEPEST = 100
"""Levels; what lies deeper in a hostile template is left out."""
_LONGEST = 4_000_000
"""Characters of one text: substitutions of substitutions double it at each level."""
_LONG_FORM = "Fn::"
_VARIABLE = re.compile(r"\$\{(!?)([^{}]*)\}")
_REFERENCE = re.compile(r"\$\{([A-Za-z0-9]+)(?:[.|][^{}]*)?\}")
_NO_VALUE = object()
_DYNAMIC = re.compile(r"\$\{[^{}]*\}")


class Resolver:
    """Resolves values as if each condition that cannot be computed were true, or false."""

    def __init__(self, template: Mapping[str, object], *, assumed: bool) -> None:
        conditions = template.get("Conditions")
        mappings = template.get("Mappings")
        self._conditions = conditions if isinstance(conditions, Mapping) else {}
        self._mappings = mappings if isinstance(mappings, Mapping) else {}
        self._assumed = assumed

    def resolve(self, value: object) -> Json:
        """Return a value without intrinsic functions."""
        resolved = self._resolve(value, 0)
        return None if resolved is _NO_VALUE else resolved  # type: ignore[return-value] # a sentinel

    def holds(self, condition: object) -> bool:
        """Return whether a named condition holds here."""
        return self._holds({"Condition": condition}, 0)

    def _resolve(self, value: object, depth: int) -> object:  # noqa: PLR0911 - one for each shape
        if isinstance(value, str | int | float | bool):
            return value
        if value is None or depth > _DEEPEST:
            return None
        if isinstance(value, list | tuple):
            found = (self._resolve(each, depth + 1) for each in value)
            return [each for each in found if each is not _NO_VALUE]
        if not isinstance(value, Mapping):
            return None
        if len(value) == 1:
            name = next(iter(value))
            if name == "Ref":
                return _NO_VALUE if value[name] == "AWS::NoValue" else _reference(value[name])
            if isinstance(name, str) and name.startswith(_LONG_FORM):
                return self._call(name[len(_LONG_FORM) :], value[name], depth + 1)
        pairs = ((str(name), self._resolve(each, depth + 1)) for name, each in value.items())
        return {name: each for name, each in pairs if each is not _NO_VALUE}

    def _call(self, name: str, argument: object, depth: int) -> object:  # noqa: PLR0911 - as above
        if name == "If":
            return self._if(argument, depth)
        if name == "GetAtt":
            parts = argument if isinstance(argument, list | tuple) else [argument]
            return _reference(".".join(_text(self._resolve(each, depth)) for each in parts))
        if name == "FindInMap":
            return self._find_in_map(argument, depth)
        resolved = self._resolve(argument, depth)
        match name, resolved:
            case "Join", [str() as separator, list() as parts]:
                return separator.join(map(_text, parts))[:_LONGEST]
            case "Sub", str():
                return _substituted(resolved, {})
            case "Sub", [str() as text, dict() as variables]:
                return _substituted(text, variables)
            case "Split", [str() as separator, str() as text] if separator:
                # The parts of what is not known are not known, but what they belong to is.
                return [] if _DYNAMIC.search(text) and separator in ":/" else text.split(separator)
            case "Select", [index, list() as parts] if parts and str(index).isdecimal():
                number = int(str(index)[:9])
                return parts[number] if number < len(parts) else None
            case "ToJsonString", [*_] | {}:
                return json.dumps(resolved)[:_LONGEST]
        return _unknown(name, argument)

    def _if(self, argument: object, depth: int) -> object:
        if not isinstance(argument, list | tuple) or len(argument) != 3:  # noqa: PLR2004 - its form
            return None
        condition, then, otherwise = argument
        holds = self._holds({"Condition": condition}, depth)
        return self._resolve(then if holds else otherwise, depth)

    def _find_in_map(self, argument: object, depth: int) -> object:
        found: object = self._mappings
        for key in argument if isinstance(argument, list | tuple) else []:
            name = self._resolve(key, depth)
            if not isinstance(found, Mapping) or not isinstance(name, str) or name not in found:
                return "${Fn::FindInMap}"
            found = found[name]
        return self._resolve(found, depth)

    def _holds(self, expression: object, depth: int) -> bool:  # noqa: PLR0911 - as above
        if not isinstance(expression, Mapping) or len(expression) != 1 or depth > _DEEPEST:
            return self._assumed
        name, argument = next(iter(expression.items()))
        parts = argument if isinstance(argument, list | tuple) else []
        match name:
            case "Condition":
                known = isinstance(argument, str) and argument in self._conditions
                return self._holds(self._conditions[argument] if known else None, depth + 1)
            case "Fn::Not" if parts:
                return not self._holds(parts[0], depth + 1)
            case "Fn::And":
                return all(self._holds(part, depth + 1) for part in parts[:10])
            case "Fn::Or":
                return any(self._holds(part, depth + 1) for part in parts[:10])
            case "Fn::Equals" if parts and all(isinstance(part, str) for part in parts):
                return all(part == parts[0] for part in parts)
        return self._assumed


def references(text: str) -> Iterator[str]:
    """Yield the logical ids that a resolved text refers to, with parameters."""
    for found in _REFERENCE.finditer(text):
        yield found[1]


def is_known(text: str) -> bool:
    """Return whether a resolved text holds nothing that only a deployment knows."""
    return _DYNAMIC.search(text) is None


def masked(text: str) -> str:
    """Return a resolved text with `_` for what only a deployment knows: ARNs can be split then."""
    return _DYNAMIC.sub("_", text)


def _substituted(text: str, variables: Mapping[str, object]) -> str:
    def put(found: re.Match[str]) -> str:
        literal, name = found[1], found[2].strip()
        if literal or name not in variables:
            return f"${{{name}}}"
        return _text(variables[name])

    length = len(text) + sum(len(_text(each)) for each in variables.values()) * text.count("${")
    return text if length > _LONGEST else _VARIABLE.sub(put, text)


def _unknown(name: str, argument: object) -> str:
    """Return a placeholder that still tells what an unknown value is made of."""
    inner = _first_reference(argument, 0)
    return f"${{{inner}|{name}}}" if inner else f"${{Fn::{name}}}"


def _first_reference(value: object, depth: int) -> str:
    if depth > _DEEPEST:
        return ""
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name == "Ref" and isinstance(each, str):
                return each
            if name == "Fn::GetAtt":
                return _text(each[0] if isinstance(each, list | tuple) and each else each)
        return next(
            (found for each in value.values() if (found := _first_reference(each, depth + 1))), ""
        )
    if isinstance(value, list | tuple):
        return next((found for each in value if (found := _first_reference(each, depth + 1))), "")
    return ""


def _reference(name: object) -> str:
    return f"${{{_text(name)}}}"


def _text(value: object) -> str:
    if isinstance(value, str):
        return value[:_LONGEST]
    # bool before int, of which it is one.
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, float) else _integer(value)


def _integer(value: object) -> str:
    # Python refuses to write integers of thousands of digits.
    return str(value) if isinstance(value, int) and value.bit_length() < 1024 else ""  # noqa: PLR2004
