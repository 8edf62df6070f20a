"""Asks every model every blind question, in parts that survive a call that ends too early.

All models get the same system prompt, temperature 0 and the same number of tokens: a comparison
under different conditions compares the conditions.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import blind_set, parts
from bedrock_customization_runtime.evaluation.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import (
        ConverseRequestTypeDef,
        ConverseResponseTypeDef,
    )
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import Answers, EvaluatedModel
    from bedrock_customization_runtime.datasets.records import TestRecord

THREADS = 16
MARGIN_MS = 120_000
"""No question is asked with less time left: it may take the whole time-out of the client."""
_ROUNDS = 5
_PAUSE_SECONDS = 15.0
# The whole model cannot answer: going on would count every question against it.
_FATAL = frozenset({"AccessDeniedException", "ResourceNotFoundException"})
# This question cannot be answered, at temperature 0 not by asking again either.
_OF_THE_QUESTION = frozenset(
    {"ModelErrorException", "ModelTimeoutException", "ValidationException"}
)
# The client has tried ten times, or its retry quota, which all threads share, is used up.
_BUSY = frozenset(
    {
        "InternalServerException",
        "ModelNotReadyException",
        "ServiceUnavailableException",
        "ThrottlingException",
    }
)


class _OutOfTimeError(Exception):
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How long and how much.

    Args:
        maximum_tokens: Of an answer, for all models.
        remaining_ms: Tells how many milliseconds the function may still run.
        pause: Waits so many seconds before a busy model is asked again.
    """

    maximum_tokens: int
    remaining_ms: Callable[[], int]
    pause: Callable[[float], None] = time.sleep


def ask(
    bedrock_runtime: BedrockRuntimeClient,
    s3: S3Client,
    *,
    test: str,
    models: Sequence[EvaluatedModel],
    prefix: str,
    limits: Limits,
) -> Answers:
    """Ask the models what they were not asked before, as far as the time goes.

    Args:
        bedrock_runtime: Client; throttling is retried by it.
        s3: Client.
        test: S3 URI of the blind set.
        models: Who answers.
        prefix: S3 URI prefix of the answers, without a trailing slash.
        limits: Tokens and time.

    Returns:
        How far the answers have come; `done` is False if the same call must be made again.

    Raises:
        EvaluationFailed: A model cannot answer at all, or the time is too short for a single part.
        botocore.exceptions.ClientError: Bedrock was too busy for long; what is answered is kept.
    """
    existing = {uri for model in models for uri in parts.finished(s3, prefix, model["name"])}
    written = answered = 0
    done = True
    with (
        blind_set.opened(s3, test) as questions,
        ThreadPoolExecutor(THREADS, thread_name_prefix="ask") as threads,
    ):
        total = questions.records * len(models)
        for number, records in enumerate(_batches(questions, parts.QUESTIONS)):
            for model in models:
                uri = parts.uri_of(prefix, model["name"], number)
                if uri not in existing:
                    if not done:
                        continue
                    try:
                        answers = _answer_part(bedrock_runtime, threads, model, records, limits)
                    except _OutOfTimeError:
                        done = False
                        continue
                    if number == 0:
                        _require_an_answer(model, answers)
                    parts.write(s3, uri, answers)
                    written += 1
                answered += len(records)
    if not done and not written:
        raise EvaluationFailed(
            f"the time of one call is too short for {parts.QUESTIONS} questions to one model, "
            f"{answered} of {total} are answered: raise the function's time-out, which must "
            f"exceed {MARGIN_MS // 1000} s, or the models' request quota"
        )
    return {"done": done, "answered": answered, "total": total, "prefix": prefix}


def _answer_part(
    bedrock_runtime: BedrockRuntimeClient,
    threads: ThreadPoolExecutor,
    model: EvaluatedModel,
    records: Sequence[TestRecord],
    limits: Limits,
) -> list[Answer]:
    # `map` keeps the order, and cancels what has not begun once one question raises.
    return list(
        threads.map(lambda record: _patiently(bedrock_runtime, model, record, limits), records)
    )


def _patiently(
    bedrock_runtime: BedrockRuntimeClient,
    model: EvaluatedModel,
    record: TestRecord,
    limits: Limits,
) -> Answer:
    for rounds_left in reversed(range(_ROUNDS)):
        if limits.remaining_ms() < MARGIN_MS:
            raise _OutOfTimeError
        try:
            return _answer(bedrock_runtime, model, record, limits.maximum_tokens)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _BUSY or not rounds_left:
                raise
        limits.pause(_PAUSE_SECONDS)
    raise AssertionError("the last round returns or raises")


def _answer(
    bedrock_runtime: BedrockRuntimeClient,
    model: EvaluatedModel,
    record: TestRecord,
    maximum_tokens: int,
) -> Answer:
    request: ConverseRequestTypeDef = {
        "modelId": model["id"],
        "messages": msgspec.to_builtins(record.messages),
        "inferenceConfig": {"maxTokens": maximum_tokens, "temperature": 0},
    }
    if record.system:
        request["system"] = [{"text": record.system}]
    try:
        response = bedrock_runtime.converse(**request)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _FATAL:
            raise EvaluationFailed(
                f"the {model['name']} model {model['id']} cannot answer ({code}): check that it "
                "exists in this Region, that the account has access to it, and that the "
                "function's role may invoke it"
            ) from error
        if code not in _OF_THE_QUESTION:
            raise
        return Answer(
            id=record.id,
            answer="",
            input_tokens=0,
            output_tokens=0,
            latency_ms=0,
            stop_reason="error",
            error=code,
        )
    return Answer(
        id=record.id,
        answer=_text_of(response),
        input_tokens=response["usage"]["inputTokens"],
        output_tokens=response["usage"]["outputTokens"],
        latency_ms=response["metrics"]["latencyMs"],
        stop_reason=response["stopReason"],
    )


def _text_of(response: ConverseResponseTypeDef) -> str:
    message = response["output"].get("message")
    blocks = message["content"] if message else []
    text = "".join(block.get("text", "") for block in blocks)
    # A model that stops between the halves of a surrogate pair leaves what UTF-8 cannot write.
    return text.encode(errors="replace").decode()


def _require_an_answer(model: EvaluatedModel, answers: Sequence[Answer]) -> None:
    codes = {answer.error for answer in answers}
    if None not in codes:
        raise EvaluationFailed(
            f"the {model['name']} model {model['id']} answered none of its first {len(answers)} "
            f"questions ({', '.join(sorted(filter(None, codes)))}): check that the id is one that "
            "Converse takes, and that the model supports system prompts and the token limit"
        )


def _batches(records: Iterable[TestRecord], size: int) -> Iterator[list[TestRecord]]:
    iterator = iter(records)
    while batch := list(islice(iterator, size)):
        yield batch
