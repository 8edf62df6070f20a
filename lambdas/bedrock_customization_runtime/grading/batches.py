"""One call of a grader: every sample gets a reward, whatever is wrong with it or its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract.grading import NotGraded
from bedrock_customization_runtime.errors import GradingFailed, InvalidInput
from bedrock_customization_runtime.grading.samples import NotGradedError, Sample, sample_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from bedrock_customization_runtime.contract.grading import (
        GradedAnswer,
        RewardMetric,
        RewardName,
    )


def grade(
    event: object,
    name: RewardName,
    score: Callable[[Sample], float],
    threads: Executor | None = None,
) -> list[GradedAnswer]:
    """Return the reward of every sample, with its id and in its place.

    Args:
        event: What Bedrock sent.
        name: Of the reward.
        score: Returns a reward in [0, 1]; what it raises for an answer makes that one's reward 0.
        threads: Score several at once. Without them, one after the other.

    Raises:
        InvalidInput: The event is no list, so there is nobody to answer.
        GradingFailed: As `score` raised it: no answer can be graded.
    """
    if not isinstance(event, list):
        raise InvalidInput(
            f"the event must be a list of samples, got {type(event).__name__}: let Bedrock invoke "
            'the grader, or send [{"id": "…", "messages": […], "metadata": {…}}]'
        )

    def graded(item: object) -> GradedAnswer:
        return _graded(item, name, score)

    return list(threads.map(graded, event) if threads else map(graded, event))


def _graded(item: object, name: RewardName, score: Callable[[Sample], float]) -> GradedAnswer:
    reward, reason = 0.0, None
    try:
        reward = score(sample_of(item))
    except GradingFailed:
        raise
    except NotGradedError as error:
        reason = error.reason
    except Exception:  # noqa: BLE001 - one answer must not cost a job the rewards of all others
        reason = NotGraded.GRADING_FAILED
    metrics: list[RewardMetric] = [
        {"name": name.value, "value": reward, "type": "Reward"},
        {"name": "graded", "value": float(reason is None), "type": "Metric"},
    ]
    if reason is not None:
        metrics.append({"name": reason.value, "value": 1.0, "type": "Metric"})
    answer: GradedAnswer = {"aggregate_reward_score": reward, "metrics_list": metrics}
    if isinstance(item, dict) and "id" in item:
        answer = {"id": item["id"], **answer}
    return answer
