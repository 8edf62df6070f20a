"""A metric of the user's own: a Lambda function that is given answers and returns their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation.texts import averaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mypy_boto3_lambda import LambdaClient

    from bedrock_customization_runtime.contract import OwnMetric
    from bedrock_customization_runtime.evaluation.texts import Matrix, Texts

_RECORDS = 100
_BYTES = 4 * 2**20
"""Of a batch; Lambda takes 6 MB."""
_MEND = "mend it and redrive the run"
_CALLABLE_PERMISSION = "check that it exists and that the function's role may invoke it"


class _Scores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the function returns."""

    scores: dict[str, float]


def own_metric(client: LambdaClient, metric: OwnMetric) -> Callable[[Texts], Matrix]:
    """Return what measures by a function: the mean of the scores that it gives.

    It is invoked with `{"metric": …, "records": [{"id": …, "reference": …, "answer": …}, …]}` and
    returns `{"scores": {id: score, …}}`, a score in [0, 1] for each id and nothing else. What a
    model could not answer is not asked for, and scores 0.
    """

    def measure(texts: Texts) -> Matrix:
        scores: dict[str, float] = {}
        for batch in _batches(_records(texts)):
            scores |= _scores_of(client, metric, batch)
        return averaged([scores.get(one, 0.0) for one in texts.ids])

    return measure


def _records(texts: Texts) -> Iterator[dict[str, str]]:
    for one, reference, answer in zip(texts.ids, texts.references, texts.answers, strict=True):
        if answer is not None:
            yield {"id": one, "reference": reference, "answer": answer}


def _batches(records: Iterable[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    """Yield records in batches that an invocation takes; a single one may be larger."""
    batch: list[dict[str, str]] = []
    size = 0
    for record in records:
        length = len(msgspec.json.encode(record))
        if batch and (len(batch) == _RECORDS or size + length > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch


def _scores_of(
    client: LambdaClient, metric: OwnMetric, batch: list[dict[str, str]]
) -> dict[str, float]:
    name = metric["name"]
    payload = msgspec.json.encode({"metric": name, "records": batch})
    try:
        reply = client.invoke(FunctionName=metric["function_arn"], Payload=payload)
        body = reply["Payload"].read()
    except ClientError as error:
        raise EvaluationFailed(
            f"the function of metric {name} cannot be invoked "
            f"({error.response['Error']['Code']}): {_CALLABLE_PERMISSION}"
        ) from error
    except BotoCoreError as error:
        raise EvaluationFailed(
            f"the function of metric {name} did not answer ({type(error).__name__}): let it take "
            f"less than 15 minutes for {_RECORDS} records"
        ) from error
    if "FunctionError" in reply:
        raise EvaluationFailed(
            f"the function of metric {name} failed on {len(batch)} records: its log says why; "
            f"{_MEND}"
        )
    return _checked(metric, body, {record["id"] for record in batch})


def _checked(metric: OwnMetric, body: bytes, ids: set[str]) -> dict[str, float]:
    name = metric["name"]
    try:
        scores = msgspec.json.decode(body, type=_Scores).scores
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise EvaluationFailed(
            f'the function of metric {name} must return {{"scores": {{id: number, …}}}} and '
            f"nothing else; {_MEND}"
        ) from None
    missing, unknown = len(ids - scores.keys()), len(scores.keys() - ids)
    if missing or unknown:
        raise EvaluationFailed(
            f"the function of metric {name} must return a score for each id it was given: "
            f"{missing} missing, {unknown} of unknown records; {_MEND}"
        )
    wrong = sum(not 0 <= score <= 1 for score in scores.values())
    if wrong:
        raise EvaluationFailed(
            f"the function of metric {name} must return scores in [0, 1]: {wrong} of "
            f"{len(scores)} are not; {_MEND}"
        )
    if metric["binary"] and not set(scores.values()) <= {0.0, 1.0}:
        raise EvaluationFailed(
            f"metric {name} is said to be binary, and its function returned scores other than 0 "
            "and 1: leave binary out"
        )
    return scores
