"""States after "Compare answers" in which a judge scores the answers, where one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bedrock_customization._access import NAMED_BY_BEDROCK, Right, bedrock_arn
from bedrock_customization._executions import run_tags
from bedrock_customization._function import HandlerFunction
from bedrock_customization._retries import FULL_QUOTA, Retry
from bedrock_customization.service_role import JUDGED, JobKind, ServiceRole
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime.contract import Handler

if TYPE_CHECKING:
    from bedrock_customization._asl import States
    from bedrock_customization.judge import Judge
    from bedrock_customization.storage import CustomizationStorage

_JOBS = bedrock_arn("evaluation-job")


class AnswerJudging(Construct):
    """Have a judge score answers in evaluation jobs, and wait for it.

    Args:
        scope: Parent.
        id: Id below the parent.
        states: Writes the states of the phase.
        storage: Where blind set and answers are.
        judge: Who judges what.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        states: States,
        storage: CustomizationStorage,
        judge: Judge,
    ) -> None:
        super().__init__(scope, id)
        self.service_role = ServiceRole(
            self, "ServiceRole", kind=JobKind.EVALUATION, storage=storage, rights=_judging(judge)
        )
        self.function = self._define_function(storage, judge)
        self.start = states.invoke(
            "Start judging",
            self.function,
            {
                "step": "start",
                "run": "{% $run %}",
                "test": "{% $preparation.test %}",
                "answers": "{% $blind_test.prefix %}",
                "judge": judge.to_contract(),
                "role_arn": self.service_role.role.role_arn,
                "tags": run_tags(),
            },
            comment="Write the judge's datasets and start an evaluation job for each",
            assign="judging",
            retries=[
                FULL_QUOTA,
                Retry(errors=["ConflictException"], interval_seconds=60, max_attempts=2),
            ],
        )
        """The first state."""
        wait = states.wait(
            "Wait for the judge",
            "{% $judging.seconds %}",
            comment="Bedrock sends no event when an evaluation job ends",
            assign={},
        )
        look = states.invoke(
            "Look at the judge",
            self.function,
            {"step": "watch", "judging": "{% $judging %}"},
            comment="Ask for every job; one that failed ends the others too",
            assign="judging",
        )
        self.end = states.invoke(
            "Record judgement",
            self.function,
            {
                "step": "record",
                "run": "{% $run %}",
                "test": "{% $preparation.test %}",
                "answers": "{% $blind_test.prefix %}",
                "judge": judge.to_contract(),
                "judging": "{% $judging %}",
            },
            comment="Pair the scores by record, count the invalid, test the difference",
            assign="judgement",
        )
        """The last state."""
        is_judged = states.choice("Has the judge finished?", comment="All jobs, or not yet")
        self.start.next(wait).next(look).next(is_judged)
        is_judged.when(sfn.Condition.jsonata("{% $judging.done %}"), self.end)
        is_judged.otherwise(wait)

    def _define_function(self, storage: CustomizationStorage, judge: Judge) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Judge",
            handler=Handler.JUDGE_ANSWERS,
            description="Starts a judge's evaluation jobs, watches them and reads what they say",
            rights=[
                *storage.reading(storage.blind_bucket, RUNS),
                *storage.writing(storage.blind_bucket, JUDGED),
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
                Right(
                    actions=["bedrock:CreateEvaluationJob"],
                    resources=[_JOBS, *judge.arns()],
                    wildcard_because=f"{NAMED_BY_BEDROCK}, and an inference profile sends "
                    "requests to several Regions",
                ),
                Right(
                    actions=[
                        "bedrock:GetEvaluationJob",
                        "bedrock:StopEvaluationJob",
                        "bedrock:TagResource",
                    ],
                    resources=[_JOBS],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                Right(
                    actions=["bedrock:ListEvaluationJobs"],
                    resources=["*"],
                    wildcard_because="lists have no resource-level permissions",
                ),
                Right(
                    actions=["iam:PassRole"],
                    resources=[self.service_role.role.role_arn],
                    conditions={"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
                ),
            ],
            memory_mebibytes=1024,
            timeout_minutes=5,
        )


def _judging(judge: Judge) -> list[Right]:
    """Return what the service role may do beside its data, as the user guide has it for judges."""
    profiles = [arn for arn in judge.arns() if ":inference-profile/" in arn]
    return [
        Right(
            actions=[
                "bedrock:InvokeModel",
                "bedrock:CreateModelInvocationJob",
                "bedrock:StopModelInvocationJob",
            ],
            resources=judge.arns(),
            wildcard_because="an inference profile sends requests to several Regions",
        ),
        *([Right(actions=["bedrock:GetInferenceProfile"], resources=profiles)] if profiles else []),
    ]
