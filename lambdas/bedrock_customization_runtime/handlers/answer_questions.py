"""Answer blind questions: every model answers the blind set, call by call until all is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.evaluation.asking import ask
from bedrock_customization_runtime.invocation import Limits

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import AnswerQuestionsInput, Answers


class _Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: AnswerQuestionsInput, context: _Context) -> Answers:
    """Ask what was not asked yet; the same event again goes on where this call ended.

    Raises:
        EvaluationFailed: A model cannot answer at all, or the time is too short for a single part.
    """
    return ask(
        aws.bedrock_runtime(),
        aws.s3(),
        test=event["test"],
        models=event["models"],
        prefix=f"{event['run']['blind']}/answers",
        limits=Limits(
            maximum_tokens=event["maximum_tokens"],
            remaining_ms=context.get_remaining_time_in_millis,
        ),
    )
