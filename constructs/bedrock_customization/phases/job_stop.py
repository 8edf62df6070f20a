"""Who stops a job that Step Functions did not start itself, when its execution is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import (
    Duration,
    aws_events as events,
    aws_events_targets as targets,
    aws_sqs as sqs,
)
from constructs import Construct

from bedrock_customization._access import NAMED_BY_BEDROCK, Right, bedrock_arn
from bedrock_customization._acknowledged import acknowledge
from bedrock_customization._asl import executions_of
from bedrock_customization._function import HandlerFunction
from bedrock_customization_runtime.contract import Handler

if TYPE_CHECKING:
    from aws_cdk import aws_stepfunctions as sfn


class JobStop(Construct):
    """Stop the customization job of an execution that is aborted or times out.

    An execution that is cut off runs no state any more, so its end is heard of as an event.

    Args:
        scope: Parent.
        id: Id below the parent.
        state_machine: Whose executions.
    """

    def __init__(self, scope: Construct, id: str, *, state_machine: sfn.IStateMachine) -> None:
        super().__init__(scope, id)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        """Events whose job could not be stopped: whatever is here may still be billed."""
        self.function = HandlerFunction(
            self,
            "Stop",
            handler=Handler.STOP_JOB,
            description="Stops the job of an execution that was cut off",
            rights=[
                Right(
                    actions=[
                        "bedrock:GetModelCustomizationJob",
                        "bedrock:StopModelCustomizationJob",
                    ],
                    resources=[bedrock_arn("model-customization-job")],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                Right(
                    actions=["states:DescribeExecution"],
                    resources=[f"{executions_of(state_machine)}:*"],
                    wildcard_because="executions are named when they are started",
                ),
            ],
            timeout_minutes=5,
            dead_letters=self.dead_letters,
        )
        events.Rule(
            self,
            "CutOff",
            description="Executions that are aborted or time out",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": ["ABORTED", "TIMED_OUT"],
                    "stateMachineArn": [state_machine.state_machine_arn],
                },
            ),
            targets=[
                targets.LambdaFunction(
                    self.function.function,
                    event=events.RuleTargetInput.from_object(
                        {"execution_arn": events.EventField.from_path("$.detail.executionArn")}
                    ),
                    dead_letter_queue=self.dead_letters,
                )
            ],
        )
        acknowledge(
            self.dead_letters,
            {"Serverless-SQSRedrivePolicy": "this is the queue of dead letters"},
        )
