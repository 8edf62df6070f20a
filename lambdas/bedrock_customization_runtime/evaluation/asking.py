"""Asks every model every blind question, in parts that survive a call that ends too early.

All models get the same system prompt, temperature 0 and the same number of tokens: a comparison
under different conditions compares the conditions.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING, Never

import msgspec

from bedrock_customization_runtime.contract import PURPOSE, TEACHER
from bedrock_customization_runtime.datasets.record_formats.records import text_message
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

_PARTS_OF_ITEM = 16
"""A thousand questions to one model or another: minutes of a function, and one function for a
small blind set."""

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import ConverseRequestTypeDef
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import Answers, EvaluatedModel
    from bedrock_customization_runtime.datasets.record_formats.records import Message, TestRecord


def items_of(records: int, models: Sequence[EvaluatedModel]) -> int:
    """Return into how many items the parts of all models' answers are cut."""
    return -(-_parts_of(records) * len(models) // _PARTS_OF_ITEM)


def ask(
    bedrock_runtime: BedrockRuntimeClient,
    s3: S3Client,
    *,
    test: str,
    models: Sequence[EvaluatedModel],
    answers: str,
    limits: Limits,
    number: int = 0,
) -> Answers:
    """Ask what an item holds and was not asked before, as far as the time goes.

    Args:
        bedrock_runtime: Client; throttling is retried by it.
        s3: Client.
        test: S3 URI of the blind set.
        models: Who answers; in the same order for every item.
        answers: S3 URI prefix of the answers, without a trailing slash.
        limits: Tokens and time.
        number: Of the item; a small blind set has but the first.

    Returns:
        How far the item has come; `done` is False if the same call must be made again.

    Raises:
        EvaluationFailed: A model cannot answer at all, or the time is too short for a single part.
        botocore.exceptions.ClientError: Bedrock was too busy for long; what is answered is kept.
    """
    existing = {uri for model in models for uri in parts.finished(s3, answers, model["name"])}
    conversations = [_Conversation(bedrock_runtime, model, _shots(s3, model)) for model in models]
    written = answered = 0
    out_of_time: OutOfTimeError | None = None
    with (
        blind_set.opened(s3, test) as questions,
        ThreadPoolExecutor(THREADS, thread_name_prefix="ask") as threads,
    ):
        for part, asked in _parts_of_item(number, len(models)):
            records = questions.slice(part * parts.QUESTIONS, (part + 1) * parts.QUESTIONS)
            if not records:
                break
            for conversation in (conversations[place] for place in asked):
                wanted = conversation.wanted(records)
                uri = parts.uri_of(answers, conversation.model["name"], part)
                if uri not in existing:
                    if out_of_time:
                        continue
                    try:
                        said = conversation.answers(wanted, threads, limits)
                    except OutOfTimeError as error:
                        out_of_time = error
                        continue
                    if part == 0:
                        _require_an_answer(conversation.model, said)
                    parts.write(s3, uri, said)
                    written += 1
                answered += len(wanted)
    if out_of_time and not written:
        _raise_for_time(out_of_time)
    return {"done": out_of_time is None, "answered": answered}


class _Conversation:
    """How one model is asked."""

    def __init__(
        self,
        bedrock_runtime: BedrockRuntimeClient,
        model: EvaluatedModel,
        shots: Sequence[Message],
    ) -> None:
        self.model = model
        self._bedrock_runtime = bedrock_runtime
        self._shots = shots

    def wanted(self, records: Sequence[TestRecord]) -> Sequence[TestRecord]:
        """Return what it is asked: a teacher only what nobody else has answered."""
        if self.model["name"] != TEACHER:
            return records
        return [record for record in records if not record.reference]

    def answers(
        self, records: Sequence[TestRecord], threads: ThreadPoolExecutor, limits: Limits
    ) -> list[Answer]:
        """Return what it says, in the order of the records."""
        # `map` keeps the order, and cancels what has not begun once one question raises.
        return list(threads.map(lambda record: self._answer(record, limits), records))

    def _answer(self, record: TestRecord, limits: Limits) -> Answer:
        request: ConverseRequestTypeDef = {
            "modelId": self.model["id"],
            "messages": msgspec.to_builtins([*self._shots, *record.messages]),
            "requestMetadata": {PURPOSE: "evaluation"},
        }
        if record.system:
            request["system"] = [{"text": record.system}]
        try:
            reply = converse(self._bedrock_runtime, request, limits)
        except UnavailableModelError as error:
            raise EvaluationFailed(
                f"the {self.model['name']} model {self.model['id']} cannot answer ({error.code}): "
                "check that it exists in this Region, that the account has access to it, and that "
                "the function's role may invoke it"
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


def _parts_of(records: int) -> int:
    return -(-records // parts.QUESTIONS)


def _parts_of_item(number: int, models: int) -> Iterator[tuple[int, list[int]]]:
    """Yield the parts of an item, each with the places of the models that it asks for them.

    The parts of all models stand in one row, those of the same questions side by side, and an item
    is a piece of it. Beyond the last part there is nothing to ask.
    """
    places = range(number * _PARTS_OF_ITEM, (number + 1) * _PARTS_OF_ITEM)
    for part, some in groupby(places, key=lambda place: place // models):
        yield part, [place % models for place in some]


def _shots(s3: S3Client, model: EvaluatedModel) -> list[Message]:
    """Return the examples before a question, as questions and answers in turn."""
    if "shots" not in model:
        return []
    with blind_set.opened(s3, model["shots"]) as examples:
        return [
            message
            for example in examples
            for message in (*example.messages, text_message("assistant", example.reference))
        ]


def _raise_for_time(out_of_time: OutOfTimeError) -> Never:
    """Raise why not a single part was written."""
    if out_of_time.__cause__ is not None:
        # The model was busy all the time: the state waits before it calls again.
        raise out_of_time.__cause__
    raise EvaluationFailed(
        f"the time of one call is too short for {parts.QUESTIONS} questions to one model: raise "
        f"the function's time-out, which must exceed {MARGIN_MS // 1000} s, or the models' request "
        "quota"
    )


def _require_an_answer(model: EvaluatedModel, answers: Sequence[Answer]) -> None:
    codes = {answer.error for answer in answers}
    if codes and None not in codes:
        raise EvaluationFailed(
            f"the {model['name']} model {model['id']} answered none of its first {len(answers)} "
            f"questions ({', '.join(sorted(filter(None, codes)))}): check that the id is one that "
            "Converse takes, and that the model supports system prompts and the token limit"
        )
