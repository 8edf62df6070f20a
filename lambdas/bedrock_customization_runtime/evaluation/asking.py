"""Asks every model every blind question, in parts that survive a call that ends too early.

All models get the same system prompt, temperature 0 and the same number of tokens: a comparison
under different conditions compares the conditions.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.contract import PURPOSE, TEACHER
from bedrock_customization_runtime.datasets.records import text_message
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import blind_set, parts
from bedrock_customization_runtime.evaluation.answers import Answer
from bedrock_customization_runtime.invocation import (
    MARGIN_MS,
    THREADS,
    Limits,
    OutOfTimeError,
    UnavailableModelError,
    converse,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import ConverseRequestTypeDef
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import Answers, EvaluatedModel
    from bedrock_customization_runtime.datasets.records import Message, TestRecord


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
    shots = {model["name"]: _shots(s3, model) for model in models}
    existing = {uri for model in models for uri in parts.finished(s3, prefix, model["name"])}
    written = answered = 0
    done = True
    with (
        blind_set.opened(s3, test) as questions,
        ThreadPoolExecutor(THREADS, thread_name_prefix="ask") as threads,
    ):
        unanswered = sum(not record.reference for record in questions)
        total = sum(
            unanswered if model["name"] == TEACHER else questions.records for model in models
        )
        for number, records in enumerate(_batches(questions, parts.QUESTIONS)):
            for model in models:
                uri = parts.uri_of(prefix, model["name"], number)
                asked = _asked(model, records)
                if uri not in existing:
                    if not done:
                        continue
                    try:
                        answers = _answer_part(
                            bedrock_runtime,
                            threads,
                            model,
                            asked,
                            limits,
                            shots=shots[model["name"]],
                        )
                    except OutOfTimeError:
                        done = False
                        continue
                    if number == 0:
                        _require_an_answer(model, answers)
                    parts.write(s3, uri, answers)
                    written += 1
                answered += len(asked)
    if not done and not written:
        raise EvaluationFailed(
            f"the time of one call is too short for {parts.QUESTIONS} questions to one model, "
            f"{answered} of {total} are answered: raise the function's time-out, which must "
            f"exceed {MARGIN_MS // 1000} s, or the models' request quota"
        )
    return {"done": done, "answered": answered, "total": total, "prefix": prefix}


def _asked(model: EvaluatedModel, records: Sequence[TestRecord]) -> Sequence[TestRecord]:
    """Return what a model is asked: a teacher only what nobody else has answered."""
    if model["name"] != TEACHER:
        return records
    return [record for record in records if not record.reference]


def _shots(s3: S3Client, model: EvaluatedModel) -> list[Message]:
    """Return the examples that stand in front of each question to a model, as turns."""
    if "shots" not in model:
        return []
    with blind_set.opened(s3, model["shots"]) as examples:
        return [
            message
            for example in examples
            for message in (*example.messages, text_message("assistant", example.reference))
        ]


def _answer_part(
    bedrock_runtime: BedrockRuntimeClient,
    threads: ThreadPoolExecutor,
    model: EvaluatedModel,
    records: Sequence[TestRecord],
    limits: Limits,
    *,
    shots: Sequence[Message],
) -> list[Answer]:
    # `map` keeps the order, and cancels what has not begun once one question raises.
    return list(
        threads.map(lambda record: _answer(bedrock_runtime, model, shots, record, limits), records)
    )


def _answer(
    bedrock_runtime: BedrockRuntimeClient,
    model: EvaluatedModel,
    shots: Sequence[Message],
    record: TestRecord,
    limits: Limits,
) -> Answer:
    request: ConverseRequestTypeDef = {
        "modelId": model["id"],
        "messages": msgspec.to_builtins([*shots, *record.messages]),
        "requestMetadata": {PURPOSE: "evaluation"},
    }
    if record.system:
        request["system"] = [{"text": record.system}]
    try:
        reply = converse(bedrock_runtime, request, limits)
    except UnavailableModelError as error:
        raise EvaluationFailed(
            f"the {model['name']} model {model['id']} cannot answer ({error.code}): check that it "
            "exists in this Region, that the account has access to it, and that the function's "
            "role may invoke it"
        ) from error
    return Answer(
        id=record.id,
        answer=reply.text,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        latency_ms=reply.latency_ms,
        stop_reason=reply.stop_reason,
        error=reply.error,
    )


def _require_an_answer(model: EvaluatedModel, answers: Sequence[Answer]) -> None:
    codes = {answer.error for answer in answers}
    if codes and None not in codes:
        raise EvaluationFailed(
            f"the {model['name']} model {model['id']} answered none of its first {len(answers)} "
            f"questions ({', '.join(sorted(filter(None, codes)))}): check that the id is one that "
            "Converse takes, and that the model supports system prompts and the token limit"
        )


def _batches(records: Iterable[TestRecord], size: int) -> Iterator[list[TestRecord]]:
    iterator = iter(records)
    while batch := list(islice(iterator, size)):
        yield batch
