"""Who deletes provisioned throughput when its time is over, whatever became of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import (
    Duration,
    aws_events as events,
    aws_events_targets as targets,
)
from constructs import Construct

from bedrock_customization._access import NAMED_BY_BEDROCK, Right, bedrock_arn, publishing
from bedrock_customization._ended_runs import define_dead_letters
from bedrock_customization._executions import name_of
from bedrock_customization._function import HandlerFunction
from bedrock_customization_runtime.contract import Handler

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns, aws_stepfunctions as sfn

    from bedrock_customization.alias import Alias

_EVERY = Duration.minutes(15)
_MEASURING = Right(
    actions=["cloudwatch:GetMetricStatistics"],
    resources=["*"],
    wildcard_because="metrics have no resource-level permissions",
)


class ThroughputExpiry(Construct):
    """Delete a pipeline's provisioned throughput that is older than its `ttl`.

    The end stands in a tag of each throughput, so it outlives runs and can be put off by hand.
    People are told a day before what is live ends. The alias is taken away before the throughput
    is, so that it never names what is gone.

    Args:
        scope: Parent.
        id: Id below the parent.
        state_machine: Whose runs buy throughput.
        alias: What consumers read.
        topic: Where people hear of it.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        state_machine: sfn.IStateMachine,
        alias: Alias,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id)
        self.dead_letters = define_dead_letters(self)
        """Looks that failed three times: throughput may live on until the next one."""
        self.function = HandlerFunction(
            self,
            "Expire",
            handler=Handler.EXPIRE_THROUGHPUTS,
            description="Deletes provisioned throughput whose time is over",
            rights=[
                Right(
                    actions=["bedrock:ListProvisionedModelThroughputs"],
                    resources=["*"],
                    wildcard_because="lists have no resource-level permissions",
                ),
                Right(
                    actions=[
                        "bedrock:GetProvisionedModelThroughput",
                        "bedrock:ListTagsForResource",
                        "bedrock:TagResource",
                        "bedrock:DeleteProvisionedModelThroughput",
                    ],
                    resources=[bedrock_arn("provisioned-model")],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                Right(
                    actions=["ssm:GetParameter", "ssm:DeleteParameter"],
                    resources=[alias.parameter_arn, alias.previous_parameter_arn],
                ),
                _MEASURING,
                *publishing(topic),
            ],
            dead_letters=self.dead_letters,
        )
        events.Rule(
            self,
            "Tick",
            description="Looks for provisioned throughput whose time is over",
            schedule=events.Schedule.rate(_EVERY),
            targets=[
                targets.LambdaFunction(
                    self.function.function,
                    event=events.RuleTargetInput.from_object(
                        {
                            "pipeline": name_of(state_machine),
                            "alias_parameter": alias.parameter_name,
                            "previous_parameter": alias.previous_parameter_name,
                            "topic_arn": topic.topic_arn,
                        }
                    ),
                    dead_letter_queue=self.dead_letters,
                )
            ],
        )
