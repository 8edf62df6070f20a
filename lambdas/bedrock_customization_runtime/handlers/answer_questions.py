"""Answer blind questions: plan who answers what, then ask, item by item until all is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.contract import EvaluationStep
from bedrock_customization_runtime.evaluation.asking import ask
from bedrock_customization_runtime.evaluation.planning import plan
from bedrock_customization_runtime.invocation import Limits

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        AnswerQuestionsInput,
        Answers,
        BlindTest,
        PlanBlindTestInput,
    )


class _Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


def handler(
    event: PlanBlindTestInput | AnswerQuestionsInput, context: _Context
) -> BlindTest | Answers:
    """Plan the blind test, or ask what an item holds and was not asked yet.

    The same event again goes on where this call ended.

    Raises:
        EvaluationFailed: A model cannot answer at all, the time is too short for a single part, or
            there is nothing to ask.
        SourceChanged: The training set was overwritten while it was read.
    """
    if event["step"] == EvaluationStep.PLAN:
        return plan(aws.s3(), aws.bedrock(), aws.ssm(), event)
    return ask(
        aws.bedrock_runtime(),
        aws.s3(),
        test=event["test"],
        models=event["models"],
        number=event["number"],
        prefix=f"{event['run']['blind']}/answers",
        limits=Limits(
            max_tokens=event["max_tokens"],
            remaining_ms=context.get_remaining_time_in_millis,
        ),
    )
