"""Converse calls that outlast a busy model: what is asked again, what is given up, and when."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import (
        ConverseRequestTypeDef,
        ConverseResponseTypeDef,
    )

THREADS = 16
MARGIN_MS = 120_000
"""No question is asked with less time left: it may take the whole time-out of the client."""
_ATTEMPTS = 12
"""Each is the client's, who tries several times itself where it deems the error transient."""
_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 60.0
# The whole model cannot answer: going on would count every question against it.
_FATAL = frozenset({"AccessDeniedException", "ResourceNotFoundException"})
# This question cannot be answered, at temperature 0 not by asking again either.
_OF_THE_QUESTION = frozenset(
    {"ModelErrorException", "ModelTimeoutException", "ValidationException"}
)
# The client has tried ten times, or its retry quota, which all threads share, is used up.
BUSY = frozenset(
    {
        "InternalServerException",
        "ModelNotReadyException",
        "ServiceUnavailableException",
        "ThrottlingException",
    }
)


class OutOfTimeError(Exception):
    """Too little time is left for another question."""


class UnavailableModelError(Exception):
    """The model cannot answer anything."""

    def __init__(self, code: str) -> None:
        """Keep Bedrock's error code."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How long and how much.

    Args:
        max_tokens: Of an answer.
        remaining_ms: Tells how many milliseconds the function may still run.
        pause: Waits so many seconds before a busy model is asked again.
    """

    max_tokens: int
    remaining_ms: Callable[[], int]
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back."""

    text: str
    stop_reason: str
    """Converse's, or "error"."""
    input_tokens: int
    output_tokens: int
    latency_ms: int
    error: str | None = None
    """Code of the error where the question has no answer."""


def converse(
    bedrock_runtime: BedrockRuntimeClient, request: ConverseRequestTypeDef, limits: Limits
) -> Reply:
    """Ask a model, at temperature 0, until it answers or will not.

    A copy of a model that was idle takes minutes to load, and says until then that it is not ready:
    each pause is twice the last, a minute at most, seven minutes in all.

    Args:
        bedrock_runtime: Client; throttling is retried by it, and beyond that here.
        request: Model, messages and system prompt.
        limits: Tokens and time.

    Raises:
        OutOfTimeError: The time is up; its cause, if it has one, is what kept the model busy.
        UnavailableModelError: The model cannot answer anything.
        botocore.exceptions.ClientError: Bedrock was too busy for long.
    """
    request["inferenceConfig"] = {"maxTokens": limits.max_tokens, "temperature": 0}
    busy: ClientError | None = None
    for attempt in range(_ATTEMPTS):
        pause = _pause_before(attempt) if busy else 0.0
        if limits.remaining_ms() - 1000 * pause < MARGIN_MS:
            raise OutOfTimeError from busy
        if pause:
            limits.pause(pause)
        try:
            return _reply(bedrock_runtime, request)
        except ClientError as error:
            if error.response["Error"]["Code"] not in BUSY or attempt == _ATTEMPTS - 1:
                raise
            busy = error
    raise AssertionError("the last attempt returns or raises")


def _pause_before(attempt: int) -> float:
    return float(min(_FIRST_PAUSE_SECONDS * 2 ** (attempt - 1), _LONGEST_PAUSE_SECONDS))


def _reply(bedrock_runtime: BedrockRuntimeClient, request: ConverseRequestTypeDef) -> Reply:
    try:
        response = bedrock_runtime.converse(**request)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _FATAL:
            raise UnavailableModelError(code) from error
        if code not in _OF_THE_QUESTION:
            raise
        return Reply(
            text="", stop_reason="error", input_tokens=0, output_tokens=0, latency_ms=0, error=code
        )
    return Reply(
        text=_text_of(response),
        stop_reason=response["stopReason"],
        input_tokens=response["usage"]["inputTokens"],
        output_tokens=response["usage"]["outputTokens"],
        latency_ms=response["metrics"]["latencyMs"],
    )


def _text_of(response: ConverseResponseTypeDef) -> str:
    message = response["output"].get("message")
    blocks = message["content"] if message else []
    text = "".join(block.get("text", "") for block in blocks)
    # A model that stops between the halves of a surrogate pair leaves what UTF-8 cannot write.
    return text.encode(errors="replace").decode()
