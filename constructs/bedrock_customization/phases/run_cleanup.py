"""Who takes away what an execution left that ended badly, and tells people of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from constructs import Construct

from bedrock_customization._access import NAMED_BY_BEDROCK, Right, bedrock_arn, publishing
from bedrock_customization._ended_runs import (
    ENDED_BADLY,
    define_dead_letters,
    describing_executions,
    tell_of_ended_runs,
)
from bedrock_customization._function import HandlerFunction
from bedrock_customization.deployment_kinds import ImportedCopies, OnDemand
from bedrock_customization.phases.deployment import RIGHTS_TO_REMOVE_MODELS, rights_to_remove
from bedrock_customization.storage import PROMOTIONS, RUNS
from bedrock_customization_runtime.contract import Handler

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns, aws_stepfunctions as sfn

    from bedrock_customization.alias import Alias
    from bedrock_customization.deployment_kinds import Deployment
    from bedrock_customization.judge import Judge
    from bedrock_customization.storage import CustomizationStorage


class RunCleanup(Construct):
    """Take away what bills of an execution that fails, is aborted or times out, and tell people.

    An execution that is cut off runs no state any more, and one that fails may have failed where it
    compensates. So their end is heard of as an event: deployments are removed, and evaluation jobs
    of a judge stopped. What the alias names is never removed, nor what a redriven execution works
    with. If the execution has not told how it ended, people are told here, and its manifest, if it
    still says that the run goes on, is closed as failed, with a report.

    Args:
        scope: Parent.
        id: Id below the parent.
        state_machine: Whose executions.
        storage: Where the manifests are.
        topic: Where people hear how a run ended.
        alias: What consumers read.
        deployment: On what candidates answer. Without one, on demand.
        creates_models: As of `CandidateRemoval`.
        judge: Who judges the answers, if the executions have them judged.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        state_machine: sfn.IStateMachine,
        storage: CustomizationStorage,
        topic: sns.ITopic,
        alias: Alias,
        deployment: Deployment | None = None,
        creates_models: bool = False,
        judge: Judge | None = None,
    ) -> None:
        deployment = deployment or OnDemand()
        super().__init__(scope, id)
        self.dead_letters = define_dead_letters(self)
        """Events whose run could not be cleaned up, or told of: what it left may be billed."""
        self.function = HandlerFunction(
            self,
            "CleanUp",
            handler=Handler.CLEAN_UP_RUN,
            description="Cleans up after an execution that ended badly, and tells people of it",
            rights=[
                *storage.reading(storage.artifacts_bucket, RUNS, PROMOTIONS),
                *storage.writing(storage.artifacts_bucket, RUNS),
                *publishing(topic),
                Right(actions=["ssm:GetParameter"], resources=[alias.parameter_arn]),
                *rights_to_remove(deployment, storage),
                *(RIGHTS_TO_REMOVE_MODELS if creates_models else ()),
                _following(state_machine),
                *(_stopping_judges() if judge else []),
            ],
            # Provisioned throughput takes a quarter of an hour until it can be deleted.
            timeout_minutes=15,
            dead_letters=self.dead_letters,
        )
        tell_of_ended_runs(
            self,
            "Ended",
            state_machine=state_machine,
            statuses=ENDED_BADLY,
            function=self.function,
            event={
                "kind": deployment.kind.value,
                "topic_arn": topic.topic_arn,
                "artifacts_bucket": storage.artifacts_bucket.bucket_name,
                "alias_parameter": alias.parameter_name,
                **(
                    {"staging_bucket": storage.data_bucket.bucket_name}
                    if isinstance(deployment, ImportedCopies)
                    else {}
                ),
                **({"created_model": True} if creates_models else {}),
                **({"judged_bucket": storage.blind_bucket.bucket_name} if judge else {}),
            },
            dead_letters=self.dead_letters,
        )


def _following(state_machine: sfn.IStateMachine) -> Right:
    """Return the right to ask how an execution goes, and whether its last states have told."""
    describing = describing_executions(state_machine)
    return replace(describing, actions=[*describing.actions, "states:GetExecutionHistory"])


def _stopping_judges() -> list[Right]:
    return [
        Right(
            actions=["bedrock:GetEvaluationJob", "bedrock:StopEvaluationJob"],
            resources=[bedrock_arn("evaluation-job")],
            wildcard_because=NAMED_BY_BEDROCK,
        ),
        Right(
            actions=["bedrock:ListEvaluationJobs"],
            resources=["*"],
            wildcard_because="lists have no resource-level permissions",
        ),
    ]
