"""A ready function that gives answers their reward in reinforcement fine-tuning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from constructs import Construct

from bedrock_customization._access import Right
from bedrock_customization._function import HandlerFunction
from bedrock_customization.reward import JudgeModel, Reward
from bedrock_customization_runtime.contract import Handler
from bedrock_customization_runtime.contract.grading import REWARD_VARIABLE

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

# Lambda allows 4 KB for the names and values of all variables.
_MAXIMUM_BYTES = 3500
# A judge answers a batch in as long as it takes; everything else is done in seconds.
_JUDGE_MINUTES, _OTHER_MINUTES = 15, 2


class Grader(Construct):
    """Define a function that grades answers, for `ReinforcementFineTuning(grader=…)`.

    Every sample of a batch gets a reward. One that cannot be graded gets 0, and a metric that says
    why; the others get theirs all the same. Nothing of the data is logged (docs/graders.md).

    Args:
        scope: Parent.
        id: Id below the parent.
        reward: How answers are graded.

    Raises:
        ValueError: The reward has more to say than the environment of a function holds.
    """

    def __init__(self, scope: Construct, id: str, *, reward: Reward) -> None:
        told = json.dumps(reward.to_contract(), ensure_ascii=False)
        size = len(told.encode())
        if size > _MAXIMUM_BYTES:
            raise ValueError(
                f"reward must take at most {_MAXIMUM_BYTES} bytes as JSON, got {size}: shorten its "
                "pattern or instructions, or give a function of your own"
            )
        super().__init__(scope, id)
        judge = reward if isinstance(reward, JudgeModel) else None
        self.function = HandlerFunction(
            self,
            "Grade",
            handler=Handler.GRADE_ANSWERS,
            description="Gives answers their reward",
            rights=[_asking(judge)] if judge else [],
            environment={REWARD_VARIABLE: told},
            memory_mebibytes=1024,
            timeout_minutes=_JUDGE_MINUTES if judge else _OTHER_MINUTES,
        )
        self.function_arn = self.function.version_arn
        """ARN of the version that Bedrock invokes: a deployment changes no job under way."""
        self.invoking: Right = may_grade(self.function.function)
        """What a job's service role must be allowed."""


def may_grade(function: lambda_.IFunction) -> Right:
    """Return what a job's service role must be allowed for its grader, as the user guide has it."""
    return Right(
        actions=["lambda:InvokeFunction"],
        resources=[function.function_arn, f"{function.function_arn}:*"],
        wildcard_because="Bedrock may name a version of the grader",
    )


def _asking(judge: JudgeModel) -> Right:
    return Right(
        actions=["bedrock:InvokeModel"],
        resources=judge.arns(),
        wildcard_because="an inference profile sends requests to several Regions",
    )
