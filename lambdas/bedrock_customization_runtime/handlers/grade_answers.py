"""Grade what a model says while it is trained: Bedrock invokes this with each batch of answers."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Protocol

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.contract.grading import REWARD_VARIABLE, RewardName
from bedrock_customization_runtime.grading.batches import grade
from bedrock_customization_runtime.grading.judge import MAXIMUM_TOKENS, judge_of
from bedrock_customization_runtime.grading.scoring import scorer_of
from bedrock_customization_runtime.invocation import THREADS, Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_runtime.contract.grading import GradedAnswer, Reward
    from bedrock_customization_runtime.grading.samples import Sample


class _Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: object, context: _Context) -> list[GradedAnswer]:
    """Return the rewards of a batch; how to grade stands in the environment.

    Raises:
        InvalidInput: The event is no list of samples, or the reward makes no sense.
        GradingFailed: The judge cannot be asked.
    """
    reward: Reward = json.loads(os.environ[REWARD_VARIABLE])
    if reward["name"] == RewardName.JUDGE_MODEL:
        limits = Limits(
            max_tokens=MAXIMUM_TOKENS, remaining_ms=context.get_remaining_time_in_millis
        )
        judge = judge_of(aws.bedrock_runtime(), reward, limits)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="judge") as threads:
            return grade(event, RewardName.JUDGE_MODEL, judge, threads)
    return grade(event, RewardName(reward["name"]), _scorer(os.environ[REWARD_VARIABLE]))


@cache
def _scorer(reward: str) -> Callable[[Sample], float]:
    return scorer_of(json.loads(reward))
