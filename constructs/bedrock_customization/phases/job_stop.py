"""Who stops a job that Step Functions did not start itself, when its execution is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from bedrock_customization._access import NAMED_BY_BEDROCK, Right, bedrock_arn
from bedrock_customization._ended_runs import (
    define_dead_letters,
    describing_executions,
    tell_of_ended_runs,
)
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
        self.dead_letters = define_dead_letters(self)
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
                describing_executions(state_machine),
            ],
            timeout_minutes=5,
            dead_letters=self.dead_letters,
        )
        tell_of_ended_runs(
            self,
            "CutOff",
            state_machine=state_machine,
            statuses=["ABORTED", "TIMED_OUT"],
            function=self.function,
            event={},
            dead_letters=self.dead_letters,
        )
