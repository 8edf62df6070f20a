"""JSONata as Step Functions evaluates it, on top of jsonata-python."""

import hashlib
import json
import math
import random
import uuid
from collections.abc import Mapping
from functools import lru_cache
from threading import Lock
from typing import Final

from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.untyped import Json

_OPEN: Final = "{%"
_CLOSE: Final = "%}"
_MAX_RANGE: Final = 1000
# jsonata-python keeps parsed expressions per process and evaluation state per thread.
_LOCK: Final = Lock()


class Undefined(ValueError):  # noqa: N818 - it is an outcome of a query, named as JSONata names it
    """An expression yields nothing, which JSON cannot hold."""


def is_expression(value: Json) -> bool:
    """Tell whether a value is a `{% ... %}` string."""
    return isinstance(value, str) and value.startswith(_OPEN) and value.endswith(_CLOSE)


def check(value: Json, where: str = "") -> list[tuple[str, str]]:
    """Return the expressions in a template that do not parse.

    Returns:
        Pairs of the place in the template and what is wrong there.
    """
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in check(item, f"{where}/{key}")]
    if isinstance(value, list):
        return [found for i, item in enumerate(value) for found in check(item, f"{where}[{i}]")]
    if is_expression(value):
        try:
            with _LOCK:
                _compiled(value)
        except Exception as error:  # noqa: BLE001 - the parser raises what it likes on bad text
            return [(where, str(error))]
    return []


def render(
    template: Json, *, states: Mapping[str, Json], variables: Mapping[str, Json], field: str
) -> Json:
    """Evaluate every expression in a template.

    Args:
        template: Any JSON; strings `{% ... %}` in it are expressions.
        states: What `$states` holds.
        variables: What else is bound, by name.
        field: Where the template stands in the state, for the error message.

    Returns:
        Plain JSON.

    Raises:
        StateError: `States.QueryEvaluationError`: an expression fails, or yields nothing.
    """
    if isinstance(template, dict):
        return {
            key: render(item, states=states, variables=variables, field=f"{field}/{key}")
            for key, item in template.items()
        }
    if isinstance(template, list):
        return [
            render(item, states=states, variables=variables, field=f"{field}[{index}]")
            for index, item in enumerate(template)
        ]
    if not is_expression(template):
        return template
    try:
        return _evaluate(template, {"states": dict(states), **variables})
    except Undefined as error:
        raise StateError(
            ErrorName.QUERY_EVALUATION_ERROR,
            f"The JSONata expression '{_source(template)}' specified for the field '{field}' "
            "returned nothing (undefined).",
            location=field,
        ) from error
    except Exception as error:
        raise StateError(
            ErrorName.QUERY_EVALUATION_ERROR,
            f"The JSONata expression '{_source(template)}' specified for the field '{field}' "
            f"threw an error during evaluation. {error}",
            location=field,
        ) from error


def _source(template: str) -> str:
    return template[len(_OPEN) : -len(_CLOSE)].strip()


@lru_cache(maxsize=4096)
def _compiled(template: str) -> Jsonata:
    expression = Jsonata(_source(template))
    expression.set_output_convert_nulls(False)
    return expression


def _evaluate(template: str, bindings: Mapping[str, Json]) -> Json:
    bound = {name: Utils.NULL_VALUE if v is None else v for name, v in bindings.items()}
    with _LOCK:
        expression = _compiled(template)
        # $now and $millis read the clock of the thread's current expression: make it this one.
        Jsonata.CURRENT.jsonata = expression
        result = expression.evaluate(None, {**_EXTRA_FUNCTIONS, **bound})
        return _plain(result)


def _plain(value: Json) -> Json:
    """Return ordinary JSON for what jsonata-python yields; whole numbers become integers."""
    if value is None:
        raise Undefined
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number is not finite")
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: _plain_member(item) for key, item in value.items()}
    if isinstance(value, Utils.RangeList):
        return [value[index] for index in range(len(value))]
    if isinstance(value, list):
        return [_plain_member(item) for item in value]
    raise TypeError("the result is a function, and JSON has none")


def _plain_member(value: Json) -> Json:
    # Inside a document of the caller's, Python's None is JSON's null.
    return None if value is None else _plain(value)


def _partition(values: Json, count: int) -> Json:
    """Cut an array into parts of at most `count` items."""
    if count < 1:
        raise ValueError("$partition needs a positive size")
    return [values[start : start + count] for start in range(0, len(values), count)]


def _range(first: float, last: float, step: float) -> Json:
    """Return numbers from `first` to `last`, both included."""
    if step == 0 or (last - first) / step >= _MAX_RANGE:
        raise ValueError(f"$range yields 1 to {_MAX_RANGE} numbers")
    count = int((last - first) / step) + 1
    return [first + index * step for index in range(max(0, count))]


_ALGORITHMS: Final = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}


def _hash(text: str, algorithm: str = "SHA-256") -> str:
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"$hash knows {', '.join(_ALGORITHMS)}, not {algorithm}")
    return hashlib.new(_ALGORITHMS[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(seed: float | None = None) -> float:
    generator = random.Random(seed)
    return generator.random()


def _uuid() -> str:
    return str(uuid.uuid4())


def _parse(text: str) -> Json:
    parsed = json.loads(text)
    return Utils.NULL_VALUE if parsed is None else parsed


def _eval(*_arguments: Json) -> Json:
    raise ValueError("$eval is not available in Step Functions: use $parse for JSON text")


_EXTRA_FUNCTIONS: Final = {
    name: Jsonata.JLambda(function)
    for name, function in {
        "partition": _partition,
        "range": _range,
        "hash": _hash,
        "random": _random,
        "uuid": _uuid,
        "parse": _parse,
        "eval": _eval,
    }.items()
}
