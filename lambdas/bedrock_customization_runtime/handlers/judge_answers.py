"""Lambda function of the states around a judge's evaluation jobs, each a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.evaluation import judge_jobs, judge_steps
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import JudgeAnswersInput, Judgement, Judging


@observed
def handler(event: JudgeAnswersInput, _context: object) -> Judging | Judgement:
    """Do one step of a judgement; each may be repeated.

    Raises:
        JudgeFailed: A job failed or takes too long, or too many judgements are invalid.
        EvaluationFailed: An answer is missing.
    """
    match event["step"]:
        case "start":
            return judge_steps.start(aws.bedrock(), aws.s3(), event)
        case "watch":
            return judge_jobs.look(aws.bedrock(), event["judging"])
        case "record":
            return judge_steps.record(aws.s3(), event)
