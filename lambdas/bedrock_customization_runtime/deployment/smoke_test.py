"""Does a deployment answer at all? A few harmless questions, before anybody measures it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bedrock_customization_runtime import invocation
from bedrock_customization_runtime.contract import PURPOSE
from bedrock_customization_runtime.errors import SmokeTestFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

_ONCE_MORE = "redrive the run to deploy it again"
QUESTIONS = ("Hello!", "What is two and two?", "Name a color.")
"""Of no customer and no task: nothing in them is worth protecting."""
MAXIMUM_TOKENS = 4
"""Of an answer: that one comes is enough."""
OUTPUT_TOKENS = len(QUESTIONS) * MAXIMUM_TOKENS
"""At most, of all answers."""
INPUT_TOKENS = 30
"""Of all questions in their chat template, about."""


def ask(
    bedrock_runtime: BedrockRuntimeClient,
    model: str,
    *,
    remaining_ms: Callable[[], int],
    pause: Callable[[float], None] | None = None,
) -> list[int]:
    """Ask a deployment, which may be starting still.

    A customized model may well have nothing to say to one of the questions, but not to all.

    Args:
        bedrock_runtime: Client; throttling is retried by it.
        model: ARN of the deployment.
        remaining_ms: Tells how many milliseconds the function may still run.
        pause: Waits so many seconds before a model that is starting is asked again.

    Returns:
        Latency of each answer, in milliseconds.

    Raises:
        SmokeTestFailed: A question has no answer, or all answers are empty.
        botocore.exceptions.ClientError: The model was too busy, or starting, for long.
    """
    given = {} if pause is None else {"pause": pause}
    limits = invocation.Limits(max_tokens=MAXIMUM_TOKENS, remaining_ms=remaining_ms, **given)
    replies = [_reply(bedrock_runtime, model, question, limits) for question in QUESTIONS]
    if not any(reply.text.strip() for reply in replies):
        raise SmokeTestFailed(
            f"{model} answers all of {len(replies)} questions with nothing: look at the training "
            "set's completions and at the losses"
        )
    return [reply.latency_ms for reply in replies]


def _reply(
    bedrock_runtime: BedrockRuntimeClient, model: str, question: str, limits: invocation.Limits
) -> invocation.Reply:
    try:
        reply = invocation.converse(
            bedrock_runtime,
            {
                "modelId": model,
                "messages": [{"role": "user", "content": [{"text": question}]}],
                "requestMetadata": {PURPOSE: "smoke test"},
            },
            limits,
        )
    except invocation.UnavailableModelError as error:
        raise SmokeTestFailed(f"{model} cannot be asked: {error.code}; {_ONCE_MORE}") from error
    except invocation.OutOfTimeError:
        raise SmokeTestFailed(f"{model} did not answer in time: {_ONCE_MORE}") from None
    except ClientError as error:
        if error.response["Error"]["Code"] in invocation.BUSY:
            raise
        raise SmokeTestFailed(f"{model} refuses a question: {error}; {_ONCE_MORE}") from error
    if reply.error is not None:
        raise SmokeTestFailed(f"{model} cannot answer a question: {reply.error}; {_ONCE_MORE}")
    if not (math.isfinite(reply.latency_ms) and reply.latency_ms >= 0):
        raise SmokeTestFailed(
            f"{model} reports a latency of {reply.latency_ms} ms, which is none: {_ONCE_MORE}"
        )
    return reply
