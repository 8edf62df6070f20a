"""What follows on an execution that ended badly: clean-up, the end of its manifest, a message.

A run that fails where a state can catch it compensates, closes its manifest and tells people. One
that is aborted or times out, or fails of what no state can catch, does none of it: this does.
Whether a run has told stands in its history, where the last task that succeeded was telling.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bedrock_customization_runtime import manifest, run_end
from bedrock_customization_runtime.contract import SUBJECT
from bedrock_customization_runtime.deployment import cleanup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

    from bedrock_customization_runtime.contract import CleanUpRunInput

_LAST_EVENTS = 100
"""Of a history: after it has told, a run only tries a few times to end."""
_MAX_LINES = 10
"""Of what was removed: SNS and chats take a few kilobytes, and an ARN may have 200 bytes."""
# Not the execution's own cause: it may quote what a state worked on.
_CAUSES = {
    "ABORTED": "somebody stopped the execution",
    "TIMED_OUT": "the execution took longer than its state machine allows",
    "FAILED": "the execution ended before it could tell, and its history says where",
}
# Each partition has a console of its own.
_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


def follow(
    clients: cleanup.Clients,
    sns: SNSClient,
    event: CleanUpRunInput,
    *,
    remaining_ms: Callable[[], int],
    pause: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Clean up after an execution; close its manifest and tell people, if it has not.

    Args:
        clients: AWS clients.
        sns: Likewise.
        event: Which execution, and what its pipeline is like.
        remaining_ms: Tells how many milliseconds the function may still run.
        pause: Waits so many seconds.

    Returns:
        ARNs of what was stopped and removed.

    Raises:
        DeploymentBusy: A deployment is still being created; the same event fits later.
        ClientError: AWS refused, be it to publish: the same event cleans up, and tells, again.
    """
    try:
        removed = cleanup.clean_up(clients, event, remaining_ms=remaining_ms, pause=pause)
    except Exception as error:
        _conclude(clients, sns, event, _not_removed(error), is_first=True)
        raise
    _conclude(clients, sns, event, _removed(removed), is_first=False)
    return removed


def _conclude(
    clients: cleanup.Clients,
    sns: SNSClient,
    event: CleanUpRunInput,
    lines: Sequence[str],
    *,
    is_first: bool,
) -> None:
    """Close the manifest and tell people what the execution has not told.

    Args:
        clients: AWS clients.
        sns: Likewise.
        event: Which execution.
        lines: What became of what it left.
        is_first: Whether to tell only the first time, which is when the manifest is closed.
    """
    arn = event["execution_arn"]
    execution = clients.stepfunctions.describe_execution(executionArn=arn)
    if execution["status"] in cleanup.GOES_ON:
        return
    failure = _failure_of(execution)
    artifacts = cleanup.artifacts_of(event)
    uri = f"{artifacts}/manifest.json"
    found = manifest.find(clients.s3, uri)
    closes = found is not None and found.status == "running"
    if closes:
        run_end.close(clients.s3, uri, artifacts, failure)
    if (is_first and not closes) or _has_told(clients.stepfunctions, arn):
        return
    machine, name = arn.split(":")[6:8]
    report = [f"Report: {run_end.report_of(artifacts)}"] if found else []
    said = f"Run {name} of {machine} ended as {failure.error}: {failure.cause}."
    sns.publish(
        TopicArn=event["topic_arn"],
        Subject=f"{SUBJECT}: {execution['status']}",
        Message="\n".join([said, *lines, *report, "", _link_to(arn)]),
    )


def _failure_of(execution: DescribeExecutionOutputTypeDef) -> manifest.FailureSection:
    status = execution["status"]
    # Whoever stops an execution may give an error of his own words, so only a failure's is a name.
    error = execution.get("error", status) if status == "FAILED" else status
    return manifest.FailureSection(error=error, cause=_CAUSES[status])


def _has_told(states: SFNClient, arn: str) -> bool:
    """Tell whether the last task that succeeded since the execution was last driven was telling."""
    history = states.get_execution_history(
        executionArn=arn, reverseOrder=True, maxResults=_LAST_EVENTS, includeExecutionData=False
    )
    for event in history["events"]:
        if event["type"] == "ExecutionRedriven":
            return False
        if event["type"] == "TaskSucceeded":
            return event["taskSucceededEventDetails"]["resourceType"] == "sns"
    return False


def _removed(arns: Sequence[str]) -> list[str]:
    if not arns:
        return ["Nothing that bills was left."]
    more = len(arns) - _MAX_LINES
    rest = [f"and {more} more"] if more > 0 else []
    return ["Removed, because it would bill:", *arns[:_MAX_LINES], *rest]


def _not_removed(error: Exception) -> list[str]:
    return [
        f"What it left could NOT be removed yet, because of {type(error).__name__}: it may bill.",
        "It is tried twice more; after that, the event is a dead letter of RunCleanup.",
    ]


def _link_to(arn: str) -> str:
    _, partition, _, region, *_ = arn.split(":")
    console = _CONSOLES.get(partition, "console.aws.amazon.com")
    return f"https://{region}.{console}/states/home?region={region}#/v2/executions/details/{arn}"
