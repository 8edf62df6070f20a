"""The intrinsic functions of JSONPath states: `States.Format(...)` and its kin."""

import base64
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.untyped import Json

_MAX_RANGE: Final = 1000
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<call>States\.\w+)\s*\(|(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=[\s,)])|(?P<word>true|false|null)(?=[\s,)])"
    r"|(?P<path>\$(?:[^\s,()\[\]']|\[[^\]]*\]|\([^)]*\))*))\s*"
)

# Finds what a path names.
Lookup = Callable[[str], Json]


def evaluate(text: str, lookup: Lookup) -> Json:
    """Evaluate an intrinsic function.

    Args:
        text: Such as `States.Format('run-{}', $.name)`; calls nest.
        lookup: Finds what a path names.

    Raises:
        StateError: `States.IntrinsicFailure`: unknown function, wrong arguments, malformed text.
    """
    try:
        return _whole(text, lookup)
    except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        raise StateError(
            ErrorName.INTRINSIC_FAILURE, f"The intrinsic function '{text}' failed: {error}"
        ) from error


def _whole(text: str, lookup: Lookup) -> Json:
    value, end = _value(text, 0, lookup)
    if text[end:].strip():
        raise ValueError(f"unexpected text at character {end}")
    return value


def _value(text: str, at: int, lookup: Lookup) -> tuple[Json, int]:
    found = _TOKEN.match(text, at)
    if found is None:
        raise ValueError(f"cannot read character {at}")
    kind, token = found.lastgroup, found.group(found.lastgroup or 0)
    if kind == "call":
        return _call(token, text, found.end(), lookup)
    if kind == "string":
        return re.sub(r"\\(.)", r"\1", token[1:-1]), found.end()
    if kind == "path":
        return lookup(token), found.end()
    return json.loads(token), found.end()


def _call(name: str, text: str, at: int, lookup: Lookup) -> tuple[Json, int]:
    if name not in _FUNCTIONS:
        raise ValueError(f"there is no function {name}")
    arguments: list[Json] = []
    while not text[at:].lstrip().startswith(")"):
        if arguments:
            at = text.index(",", at) + 1
        value, at = _value(text, at, lookup)
        arguments.append(value)
    return _FUNCTIONS[name](*arguments), text.index(")", at) + 1


def _format(template: str, *arguments: Json) -> str:
    parts = template.split("{}")
    if len(parts) != len(arguments) + 1:
        raise ValueError(f"{len(parts) - 1} places for {len(arguments)} arguments")
    texts = [a if isinstance(a, str) else dump(a) for a in arguments]
    return "".join(part + text for part, text in zip(parts, [*texts, ""], strict=True))


def _partition(values: list[Json], count: int) -> Json:
    return [values[start : start + count] for start in range(0, len(values), count)]


def _range(first: int, last: int, step: int) -> Json:
    values = list(range(first, last + (1 if step > 0 else -1), step))
    if len(values) > _MAX_RANGE:
        raise ValueError(f"more than {_MAX_RANGE} numbers")
    return values


def _unique(values: list[Json]) -> Json:
    return [value for index, value in enumerate(values) if value not in values[:index]]


def _hash(data: Json, algorithm: str) -> str:
    text = data if isinstance(data, str) else dump(data)
    name = algorithm.replace("SHA-", "sha").lower()
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _merge(first: dict[str, Json], second: dict[str, Json], deep: bool) -> Json:  # noqa: FBT001 - called by position from the definition
    if deep:
        raise ValueError("States.JsonMerge merges shallowly only: pass false")
    return {**first, **second}


def _random(start: int, end: int, seed: int | None = None) -> int:
    return random.Random(seed).randrange(start, end)


def _add(left: int, right: int) -> int:
    return left + right


def _split(text: str, separators: str) -> Json:
    return [part for part in re.split(f"[{re.escape(separators)}]", text) if part]


def _array(*values: Json) -> Json:
    return list(values)


def _decode(text: str) -> str:
    return base64.b64decode(text).decode()


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _uuid() -> str:
    return str(uuid.uuid4())


_FUNCTIONS: Final[dict[str, Callable[..., Json]]] = {
    "States.Array": _array,
    "States.ArrayContains": lambda values, value: value in values,
    "States.ArrayGetItem": lambda values, index: values[index],
    "States.ArrayLength": len,
    "States.ArrayPartition": _partition,
    "States.ArrayRange": _range,
    "States.ArrayUnique": _unique,
    "States.Base64Decode": _decode,
    "States.Base64Encode": _encode,
    "States.Format": _format,
    "States.Hash": _hash,
    "States.JsonMerge": _merge,
    "States.JsonToString": dump,
    "States.MathAdd": _add,
    "States.MathRandom": _random,
    "States.StringSplit": _split,
    "States.StringToJson": json.loads,
    "States.UUID": _uuid,
}
