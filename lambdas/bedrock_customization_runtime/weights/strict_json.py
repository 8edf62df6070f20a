"""JSON from strangers: strict where readers differ, and bounded in time and memory.

`datasets.reading.json_rows` does the same for one line of records; here a value may have hundreds
of thousands of parts, and what is wrong is told in words.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class StrictJsonError(Exception):
    """The bytes are no JSON that every reader understands alike. The text says why."""


class DuplicateKeyError(StrictJsonError):
    """An object holds a key twice. The text is the key."""


def parse(data: bytes, *, max_keys: int, max_values: int) -> dict[str, object]:
    """Return the object.

    Args:
        data: UTF-8.
        max_keys: That all objects may hold together.
        max_values: That all objects and lists may hold together.

    Raises:
        StrictJsonError: It is something else than one JSON object, or not strict; never another
            exception.
        DuplicateKeyError: A key is there twice.
    """
    # Each key is followed by a colon; each value but the first of its object or list, and nesting
    # is bounded, by a comma. Both can stand in texts too, which the limits leave room for.
    for sign, maximum, what in ((b":", max_keys, "keys"), (b",", max_values, "values")):
        if data.count(sign) > maximum:
            raise StrictJsonError(f"more than {maximum:,} {what}")
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except UnicodeDecodeError as error:
        raise StrictJsonError(f"no UTF-8 at byte {error.start + 1:,}") from None
    except json.JSONDecodeError as error:
        raise StrictJsonError(f"no JSON at character {error.pos + 1:,}: {error.msg}") from None
    except RecursionError:
        raise StrictJsonError("nested too deep") from None
    if not isinstance(value, dict):
        raise StrictJsonError("no object")
    if _SURROGATE.search(data):
        _check_surrogates(value)
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise DuplicateKeyError(_first_repeated(key for key, _ in pairs))
    return value


def _first_repeated(keys: Iterable[str]) -> str:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    raise AssertionError


def _refuse_constant(name: str) -> float:
    raise StrictJsonError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise StrictJsonError("a number that is not finite")
    return number


def _integer(digits: str) -> int:
    if digits == "-0":
        # As strict readers of unsigned numbers have it: no number of theirs.
        return -1
    try:
        return int(digits)
    except ValueError:
        raise StrictJsonError("a number of thousands of digits") from None


def _check_surrogates(value: dict[str, object]) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise StrictJsonError("half of a surrogate pair") from None
