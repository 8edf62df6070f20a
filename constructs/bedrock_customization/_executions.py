"""Names of machines, executions and drives, and the tags of what a run makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Fn

from bedrock_customization._access import Right
from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION, REGION
from bedrock_customization_runtime.contract import PIPELINE_TAG, RUN_TAG

if TYPE_CHECKING:
    from aws_cdk import aws_stepfunctions as sfn

EXECUTION = "{% $states.context.Execution.Id %}"
REDRIVES = "{% $states.context.Execution.RedriveCount %}"


def of_this_drive(expression: str) -> str:
    """Return JSONata that makes a name or a token differ after each redrive.

    What a failed run made is taken away again, and Bedrock would answer the same token with it.
    """
    return (
        f"{{% {expression} & ($states.context.Execution.RedriveCount > 0 ? "
        "'-' & $string($states.context.Execution.RedriveCount) : '') %}"
    )


def name_of(machine: sfn.IStateMachine) -> str:
    """Return a machine's name."""
    return Fn.select(6, Fn.split(":", machine.state_machine_arn))


def executions_of(machine: sfn.IStateMachine) -> str:
    """Return the ARN of a machine's executions, up to their names."""
    prefix = f"arn:{PARTITION}:states:{REGION}:{ACCOUNT_ID}:execution"
    return f"{prefix}:{name_of(machine)}"


def running_maps(machine: sfn.StateMachine) -> list[Right]:
    """Return the rights with a `*` that aws-cdk-lib gives a machine with distributed Maps."""
    executions = executions_of(machine)
    return [
        Right(
            actions=["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
            resources=[f"{executions}:*", f"{executions}/*:*"],
            wildcard_because="the executions are the machine's own and named when a run makes them",
        )
    ]


def run_tags() -> list[dict[str, str]]:
    """Return the tags, in JSONata, of whatever a run makes in Bedrock."""
    return [
        {
            "Key": PIPELINE_TAG,
            # A machine of your own may have a name with characters that Bedrock's tags refuse.
            "Value": "{% $replace($states.context.StateMachine.Name, "
            "/[^a-zA-Z0-9._:\\/=+@-]/, '-') %}",
        },
        {"Key": RUN_TAG, "Value": "{% $run.key %}"},
    ]
