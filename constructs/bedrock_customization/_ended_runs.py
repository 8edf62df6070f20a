"""The rule by which a function hears of executions that ended, and of which no state runs more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import (
    Duration,
    aws_events as events,
    aws_events_targets as targets,
    aws_sqs as sqs,
)

from bedrock_customization._access import Right
from bedrock_customization._acknowledged import acknowledge
from bedrock_customization._executions import executions_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_stepfunctions as sfn
    from constructs import Construct

    from bedrock_customization._function import HandlerFunction


ENDED_BADLY = ("FAILED", "ABORTED", "TIMED_OUT")
"""How executions end of which no state may have told, as Step Functions spells it."""


def define_dead_letters(scope: Construct) -> sqs.Queue:
    """Define the queue of events that a function failed on."""
    queue = sqs.Queue(
        scope,
        "DeadLetters",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )
    acknowledge(queue, {"Serverless-SQSRedrivePolicy": "this is the queue of dead letters"})
    return queue


def describing_executions(state_machine: sfn.IStateMachine) -> Right:
    """Return the right to ask how an execution of a machine goes."""
    return Right(
        actions=["states:DescribeExecution"],
        resources=[f"{executions_of(state_machine)}:*"],
        wildcard_because="executions are named when they are started",
    )


def of_ended_runs(state_machine: sfn.IStateMachine, statuses: Sequence[str]) -> events.EventPattern:
    """Return the pattern of executions of a machine that end in one of some ways."""
    return events.EventPattern(
        source=["aws.states"],
        detail_type=["Step Functions Execution Status Change"],
        detail={
            "status": list(statuses),
            "stateMachineArn": [state_machine.state_machine_arn],
        },
    )


def tell_of_ended_runs(
    scope: Construct,
    id: str,
    *,
    state_machine: sfn.IStateMachine,
    statuses: Sequence[str],
    function: HandlerFunction,
    event: Mapping[str, str | bool],
    dead_letters: sqs.IQueue,
) -> None:
    """Invoke a function with the ARN of each execution that ends in one of some ways.

    Args:
        scope: Parent of the rule.
        id: Its id.
        state_machine: Whose executions.
        statuses: How they end, as Step Functions spells it.
        function: What is invoked, with `execution_arn` in its event.
        event: The rest of its event.
        dead_letters: Takes what cannot be delivered.
    """
    events.Rule(
        scope,
        id,
        description=f"Executions that end as {' or '.join(statuses)}",
        event_pattern=of_ended_runs(state_machine, statuses),
        targets=[
            targets.LambdaFunction(
                function.function,
                event=events.RuleTargetInput.from_object(
                    {
                        **event,
                        "execution_arn": events.EventField.from_path("$.detail.executionArn"),
                    }
                ),
                dead_letter_queue=dead_letters,
            )
        ],
    )
