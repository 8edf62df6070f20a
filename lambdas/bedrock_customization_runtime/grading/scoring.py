"""Each way to grade without a model, by name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import re2

from bedrock_customization_runtime.contract.grading import RewardName
from bedrock_customization_runtime.errors import InvalidInput
from bedrock_customization_runtime.grading.equality import (
    exact_match,
    json_equality,
    numeric_tolerance,
)
from bedrock_customization_runtime.grading.sql import sql_equality

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_runtime.contract.grading import Reward
    from bedrock_customization_runtime.grading.samples import Sample


def scorer_of(reward: Reward) -> Callable[[Sample], float]:
    """Return what gives an answer its reward.

    Args:
        reward: Any but a judge's.

    Raises:
        InvalidInput: RE2 does not take the pattern, or there is no such reward.
    """
    match reward["name"]:
        case RewardName.EXACT_MATCH:
            return exact_match
        case RewardName.JSON_EQUALITY:
            return json_equality
        case RewardName.NUMERIC_TOLERANCE:
            return partial(
                numeric_tolerance, absolute=reward["absolute"], relative=reward["relative"]
            )
        case RewardName.SQL_EQUALITY:
            return partial(sql_equality, dialect=reward["dialect"])
        case RewardName.REGULAR_EXPRESSION:
            return _matcher(reward["pattern"])
    raise InvalidInput(f"no reward is called {reward['name']}: deploy the grader again")


def _matcher(pattern: str) -> Callable[[Sample], float]:
    """Return the scorer of a pattern.

    With RE2, whose time grows with the text alone: Python's own `re` would let a pattern like
    `(a+)+$` search an answer for ever.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:
        raise InvalidInput(
            "pattern is not in RE2's syntax (no backreferences, no look-around): write it without"
        ) from None
    return lambda sample: float(compiled.search(sample.answer) is not None)
