"""How Bedrock chooses invocation logs: its `requestMetadataFilters`, and their limits.

botocore checks neither patterns nor maximum sizes, so a filter that the service refuses would only
be found by the service.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAXIMUM_CONDITIONS = 16
_CONDITIONS = ("equals", "notEquals")
_COMBINATIONS = ("andAll", "orAll")
_KEY = re.compile(r"[a-zA-Z0-9\s._:/=+$@-]{1,256}")
_VALUE = re.compile(r"[a-zA-Z0-9\s._:/=+$@-]{0,256}")
_ALPHABET = "letters, digits, spaces and ._:/=+$@-"


def check_filters(filters: Mapping[str, object]) -> None:
    """Check filters in the API's own spelling.

    Args:
        filters: Exactly one of `equals` and `notEquals`, each with one key and its value, or of
            `andAll` and `orAll`, each with 1 to 16 of those.

    Raises:
        ValueError: Bedrock would refuse them; the message says what it takes.
    """
    if len(filters) != 1 or not filters.keys() <= {*_CONDITIONS, *_COMBINATIONS}:
        raise ValueError(
            f"request metadata filters are exactly one of {', '.join(_CONDITIONS)}, "
            f"{' and '.join(_COMBINATIONS)}, got {_named(filters)}: combine several with andAll"
        )
    ((name, value),) = filters.items()
    if name in _CONDITIONS:
        _check_condition(name, value)
        return
    if not isinstance(value, list) or not 1 <= len(value) <= MAXIMUM_CONDITIONS:
        given = len(value) if isinstance(value, list) else type(value).__name__
        raise ValueError(
            f"{name} takes a list of 1 to {MAXIMUM_CONDITIONS} conditions, got {given}: name at "
            "least one, and leave out what is too much"
        )
    for condition in value:
        if not isinstance(condition, dict) or len(condition) != 1:
            raise ValueError(
                f"{name} takes conditions like {{'equals': {{'project': 'bank'}}}}, got "
                f"{condition!r}: give each one key and value"
            )
        ((inner, pair),) = condition.items()
        if inner not in _CONDITIONS:
            raise ValueError(f"{name} takes {' and '.join(_CONDITIONS)}, got {inner!r}: use those")
        _check_condition(inner, pair)


def _check_condition(name: str, pair: object) -> None:
    if not isinstance(pair, dict) or len(pair) != 1:
        raise ValueError(
            f"{name} takes exactly one key and its value, got {pair!r}: combine several conditions "
            "with andAll or orAll"
        )
    ((key, value),) = pair.items()
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ValueError(f"a key of {name} must be 1 to 256 of {_ALPHABET}, got {key!r}: rename it")
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise ValueError(
            f"a value of {name} must be a text of at most 256 of {_ALPHABET}, got {value!r}: "
            "requests with another one cannot be chosen by it"
        )


def _named(filters: Mapping[str, object]) -> str:
    return ", ".join(map(repr, filters)) or "none"
