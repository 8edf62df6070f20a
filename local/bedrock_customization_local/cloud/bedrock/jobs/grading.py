"""The grader's contract: what its Lambda function is sent, and what it must say.

As the user guide has it: a list of samples with `id`, `messages` (the model's answer last) and
`metadata` (everything else in the record, `reference_answer` included); a list of `id` and
`aggregate_reward_score` comes back. How many samples an invocation holds is not documented.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bedrock_customization_local.cloud.bedrock.jobs.datasets import Example
    from bedrock_customization_local.cloud.bedrock.jobs.work import JobWork

SAMPLES_PER_INVOCATION = 64


@dataclass(frozen=True, slots=True)
class Sample:
    """An answer to be graded.

    Args:
        example: What was asked.
        answer: What the model said.
    """

    example: Example
    answer: str


class Grader:
    """A job's grader.

    Args:
        work: The job.
        function_arn: Its Lambda function.
    """

    def __init__(self, work: JobWork, function_arn: str) -> None:
        self._work, self._arn = work, function_arn
        self._graded = 0

    def check(self) -> None:
        """Check that the role may invoke it."""
        self._work.access.check_grader(self._arn)

    def rewards(self, samples: Sequence[Sample]) -> list[float]:
        """Return the reward of each sample.

        Raises:
            JobFailedError: The function cannot be invoked, fails, or breaks the contract.
            JobStoppedError: The job is to stop.
        """
        found: list[float] = []
        for start in range(0, len(samples), SAMPLES_PER_INVOCATION):
            self._work.raise_if_stopped()
            found += self._invoke(samples[start : start + SAMPLES_PER_INVOCATION])
        return found

    def _invoke(self, samples: Sequence[Sample]) -> list[float]:
        ids = [f"{self._work.job.id}-{self._graded + number}" for number in range(len(samples))]
        self._graded += len(samples)
        payload = [_sent(sample_id, sample) for sample_id, sample in zip(ids, samples, strict=True)]
        answer = self._work.access.invoke_grader(self._arn, json.dumps(payload).encode())
        rewards = self._read(answer)
        missing = [sample_id for sample_id in ids if sample_id not in rewards]
        if missing or len(rewards) != len(ids):
            raise self._invalid(
                f"it must hold each of the {len(ids)} ids it was sent, and no other"
            )
        return [rewards[sample_id] for sample_id in ids]

    def _read(self, answer: bytes) -> dict[str, float]:
        try:
            results = json.loads(answer)
        except ValueError:
            results = None
        if not isinstance(results, list):
            raise self._invalid("it must be a JSON list")
        rewards: dict[str, float] = {}
        for result in results:
            if not isinstance(result, dict) or not isinstance(result.get("id"), str):
                raise self._invalid("each result must be an object with an id")
            rewards[result["id"]] = self._reward(result)
        return rewards

    def _reward(self, result: Mapping[str, Any]) -> float:
        score = result.get("aggregate_reward_score")
        if (
            isinstance(score, bool)
            or not isinstance(score, int | float)
            or not math.isfinite(score)
        ):
            raise self._invalid("aggregate_reward_score must be a finite number")
        metrics = result.get("metrics_list", [])
        if not isinstance(metrics, list) or not all(map(_is_metric, metrics)):
            raise self._invalid(
                "metrics_list must hold objects with name, value and type (Reward or Metric)"
            )
        return float(score)

    def _invalid(self, what: str) -> JobFailedError:
        return JobFailedError(
            f"The grader Lambda function {self._arn} returned an invalid response: {what}."
        )


def _sent(sample_id: str, sample: Sample) -> dict[str, Any]:
    answer = {"role": "assistant", "content": sample.answer}
    return {
        "id": sample_id,
        "messages": [*sample.example.messages, answer],
        "metadata": dict(sample.example.metadata),
    }


def _is_metric(metric: object) -> bool:
    return (
        isinstance(metric, dict)
        and isinstance(metric.get("name"), str)
        and isinstance(metric.get("value"), int | float)
        and metric.get("type") in {"Reward", "Metric"}
    )
