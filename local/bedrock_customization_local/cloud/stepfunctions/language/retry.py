"""Who handles an error: the rules of Retry and Catch."""

import random
from collections.abc import Mapping, Sequence
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.untyped import Json

_DEFAULT_MAX_ATTEMPTS: Final = 3
_DEFAULT_BACKOFF_RATE: Final = 2.0


def matches(error: StateError, names: Sequence[str]) -> bool:
    """Tell whether an `ErrorEquals` list covers an error.

    `States.ALL` covers every error but `States.DataLimitExceeded` and `States.Runtime`;
    `States.TaskFailed` covers what `States.ALL` does, but no time-outs; nothing covers
    `States.Runtime`.
    """
    if error.error == ErrorName.RUNTIME:
        return False
    if error.error in names:
        return True
    if error.error == ErrorName.DATA_LIMIT_EXCEEDED:
        return False
    is_timeout = error.error in {ErrorName.TIMEOUT, ErrorName.HEARTBEAT_TIMEOUT}
    if is_timeout and ErrorName.TIMEOUT in names:
        return True
    return ErrorName.ALL in names or (ErrorName.TASK_FAILED in names and not is_timeout)


class Retrier:
    """The Retry rules of a state, and how often each was used.

    Args:
        rules: The state's `Retry` field.
        jitter: Makes the random part of delays with full jitter.
    """

    def __init__(self, rules: Sequence[Mapping[str, Json]], jitter: random.Random) -> None:
        self._rules = rules
        self._jitter = jitter
        self._used = [0] * len(rules)

    def delay(self, error: StateError) -> float | None:
        """Return the seconds to wait before the next attempt; None if there is none."""
        for index, rule in enumerate(self._rules):
            if not matches(error, rule["ErrorEquals"]):
                continue
            used = self._used[index]
            if used >= rule.get("MaxAttempts", _DEFAULT_MAX_ATTEMPTS):
                return None
            self._used[index] += 1
            backoff = rule.get("BackoffRate", _DEFAULT_BACKOFF_RATE) ** used
            seconds: float = rule.get("IntervalSeconds", 1) * backoff
            seconds = min(seconds, rule.get("MaxDelaySeconds", seconds))
            if rule.get("JitterStrategy", "NONE") == "FULL":
                return self._jitter.uniform(0, seconds)
            return seconds
        return None


def catcher(error: StateError, rules: Sequence[Mapping[str, Json]]) -> Mapping[str, Json] | None:
    """Return the first Catch rule that covers an error."""
    return next((rule for rule in rules if matches(error, rule["ErrorEquals"])), None)
