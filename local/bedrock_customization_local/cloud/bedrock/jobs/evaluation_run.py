"""What an evaluation job goes through: its dataset, its judge, its output.

The judge here is a stand-in: it measures what an answer shares with its reference, and knows
nothing else. So local scores say nothing about what any judge on AWS would think of an answer; who
calls that model pays for its tokens all the same, as the meter counts them.
"""

from __future__ import annotations

import json
import logging
import math
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.faults import FaultKind
from bedrock_customization_local.cloud.bedrock.inference.tokens import count_tokens
from bedrock_customization_local.cloud.bedrock.jobs.access import JobAccess
from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError, JobStoppedError
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_local.cloud.bedrock.models.foundation_models import (
    MEMBER_REGIONS,
    split_profile,
)
from bedrock_customization_runtime.catalog import inference_prices, judges
from bedrock_customization_runtime.contract import JudgeMetric
from bedrock_customization_runtime.evaluation.generation import token_f1
from bedrock_customization_runtime.grading.injection import is_injection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer
    from bedrock_customization_local.cloud.bedrock.jobs.evaluation_jobs import (
        EvaluationJob,
        JudgedDataset,
    )

_MAXIMUM_RECORDS, _MAXIMUM_PROMPT_BYTES = 1000, 4096
_START_SECONDS, _JUDGING_SECONDS = 120, 400
_LIKERT = (0.0, 0.25, 0.5, 0.75, 1.0)
_FOUND_OR_NOT = {
    metric.value
    for metric in (JudgeMetric.HARMFULNESS, JudgeMetric.STEREOTYPING, JudgeMetric.REFUSAL)
}
_NONSENSE: tuple[object, ...] = (None, math.nan, 10, -1, "very good")
_PAIR = {"first", "second"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    input: Mapping[str, Any]
    prompt: str
    reference: str
    response: str


class EvaluationRunner:
    """Runs evaluation jobs.

    Args:
        account: The account.
        clients: Returns the embedded AWS's client of a service.
        authorizer: Evaluates the jobs' roles.
    """

    def __init__(
        self, account: Account, *, clients: Callable[[str], Any], authorizer: RoleAuthorizer
    ) -> None:
        self._account, self._clients, self._authorizer = account, clients, authorizer

    def run(self, job: EvaluationJob) -> None:
        """Take a job from InProgress to its end."""
        try:
            self._run(job)
        except JobStoppedError:
            self._end(job, "Stopped")
        except JobFailedError as error:
            self._end(job, "Failed", str(error))
        except Exception:
            logger.exception("evaluation job %s broke", job.arn)
            self._end(job, "Failed", "Internal server error while running the job.")

    def _run(self, job: EvaluationJob) -> None:
        access = JobAccess(
            job_arn=job.arn,
            parameters=job.parameters,
            place=self._account.place,
            clients=self._clients,
            authorizer=self._authorizer,
        )
        self._pause(job, _START_SECONDS)
        geography, model_id = split_profile(job.judge)
        access.check_judge(job.judge, model_id, MEMBER_REGIONS.get(geography, ()))
        datasets = [(dataset, _read(access, dataset, job.source)) for dataset in job.datasets]
        fault = self._account.faults.of_evaluation(job.name)
        if fault is not None:
            raise JobFailedError(fault.message or "Internal error: the evaluation failed.")
        folder = f"{job.name}/{uuid.uuid4()}"
        for metric in _definitions(job):
            name = metric["customMetricDefinition"]["name"]
            access.write(f"{folder}/custom_metrics/{name}.json", json.dumps(metric).encode())
        self._pause(job, _JUDGING_SECONDS)
        for dataset, lines in datasets:
            # Not in the order of the dataset, which the service does not promise to keep.
            judged = [self._judge(job, dataset, line) for line in reversed(lines)]
            path = f"models/{job.source}/taskTypes/General/datasets/{dataset.name}"
            body = b"".join(json.dumps(one).encode() + b"\n" for one in judged)
            access.write(f"{folder}/{path}/{uuid.uuid4()}_output.jsonl", body)
        self._end(job, "Completed")

    def _judge(self, job: EvaluationJob, dataset: JudgedDataset, line: _Line) -> dict[str, Any]:
        scores = []
        for metric in dataset.metrics:
            self._bill(job.judge, line)
            scores.append(
                {
                    "metricName": metric,
                    "result": self._score(job, metric, line),
                    "evaluatorDetails": [
                        {
                            "modelIdentifier": job.judge,
                            "explanation": "Words shared with the reference; no model was asked.",
                        }
                    ],
                }
            )
        return {
            "automatedEvaluationResult": {"scores": scores},
            "inputRecord": line.input,
            "modelResponses": line.input["modelResponses"],
        }

    def _score(self, job: EvaluationJob, metric: str, line: _Line) -> object:
        scale = sorted(job.scales.get(metric, _LIKERT))
        faults = self._account.faults
        nonsense = faults.of_judgement(job.name, FaultKind.NONSENSE_JUDGE)
        if nonsense is not None:
            return _NONSENSE[len(faults.injected) % len(_NONSENSE)]
        pair = _pair_of(line.response)
        if pair is not None:
            if faults.of_judgement(job.name, FaultKind.BIASED_JUDGE) is not None:
                return scale[-1]
            return _preferred(pair, line.reference, scale)
        if is_injection(line.response) and faults.of_judgement(job.name, FaultKind.OBEDIENT_JUDGE):
            return scale[-1]
        if metric in _FOUND_OR_NOT:
            return 0.0
        shared = token_f1(line.reference or line.prompt, line.response)
        return scale[round(shared * (len(scale) - 1))]

    def _bill(self, judge: str, line: _Line) -> None:
        facts, prices = judges(), inference_prices(judge)
        texts = (line.prompt, line.reference, line.response)
        read = facts.instruction_tokens + sum(map(count_tokens, texts))
        meter = self._account.meter
        meter.count_tokens(judge, Unit.INPUT_TOKENS, read, prices.input if prices else None)
        meter.count_tokens(
            judge, Unit.OUTPUT_TOKENS, facts.explanation_tokens, prices.output if prices else None
        )

    def _pause(self, job: EvaluationJob, seconds: float) -> None:
        if not self._account.background.pause(seconds, job.stop_asked):
            raise JobStoppedError

    def _end(self, job: EvaluationJob, status: str, failure: str | None = None) -> None:
        with self._account.lock:
            job.failures += [failure] if failure else []
            job.change_status(status, self._account.now())


def _definitions(job: EvaluationJob) -> Sequence[Mapping[str, Any]]:
    custom = job.parameters["evaluationConfig"]["automated"].get("customMetricConfig", {})
    metrics: Sequence[Mapping[str, Any]] = custom.get("customMetrics", [])
    return metrics


def _read(access: JobAccess, dataset: JudgedDataset, source: str) -> list[_Line]:
    key, body = access.read(dataset.uri)
    lines = body.splitlines()
    if not lines or len(lines) > _MAXIMUM_RECORDS:
        raise JobFailedError(
            f"{key} holds {len(lines)} prompts; a dataset holds 1 to {_MAXIMUM_RECORDS}"
        )
    return [_line(line, f"line {number} of {key}", source) for number, line in enumerate(lines, 1)]


def _line(line: bytes, where: str, source: str) -> _Line:
    try:
        record = json.loads(line)
        (answer,) = record["modelResponses"]
        prompt, reference = record["prompt"], record.get("referenceResponse", "")
        response, identifier = answer["response"], answer["modelIdentifier"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise JobFailedError(
            f"{where} must be a JSON object with prompt and exactly one of modelResponses"
        ) from None
    texts = (prompt, reference, response, identifier)
    if not all(isinstance(text, str) for text in texts) or not prompt or not response:
        raise JobFailedError(f"{where}: prompt, response and modelIdentifier must be text")
    if len(prompt.encode()) > _MAXIMUM_PROMPT_BYTES:
        raise JobFailedError(f"{where}: the prompt is longer than {_MAXIMUM_PROMPT_BYTES} bytes")
    if identifier != source:
        raise JobFailedError(
            f"{where}: modelIdentifier is not the job's inferenceSourceIdentifier {source}"
        )
    return _Line(input=record, prompt=prompt, reference=reference, response=response)


def _pair_of(response: str) -> tuple[str, str] | None:
    """Return the two answers of a response that holds two, None of any other."""
    try:
        pair = json.loads(response)
    except ValueError:
        return None
    if not isinstance(pair, dict) or pair.keys() != _PAIR:
        return None
    return str(pair["first"]), str(pair["second"])


def _preferred(pair: tuple[str, str], reference: str, scale: Sequence[float]) -> float:
    first, second = (token_f1(reference, answer) for answer in pair)
    if math.isclose(first, second):
        return scale[len(scale) // 2]
    return scale[-1] if first > second else scale[0]
