"""Note that somebody asks for a run, and see to it that the queue is watched."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract.triggers import TriggerKind
from bedrock_customization_runtime.errors import ManifestConflict
from bedrock_customization_runtime.triggers import documents, queue as queues

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

    from bedrock_customization_runtime.contract.triggers import RequestRunInput

_WATCHERS = 100


def request(s3: S3Client, stepfunctions: SFNClient, event: RequestRunInput) -> str | None:
    """Return the name of the execution that watches the queue; None if nothing is asked anew.

    The same event again, at once or later, changes nothing: the watcher has one name, and Step
    Functions answers the same name and input with the same execution.

    Args:
        s3: Client.
        stepfunctions: Client.
        event: Who asks, and of which queue.

    Raises:
        ManifestConflict: Others changed the queue each time, or no watcher could be named.
    """
    asking = queues.Request(kind=TriggerKind(event["kind"]), occasion=event.get("occasion", ""))
    found = documents.change(s3, event["queue"], partial(queues.asked, request=asking))
    for _ in range(_WATCHERS):
        if found.watcher is None:
            return None
        try:
            stepfunctions.start_execution(
                stateMachineArn=event["watch_machine_arn"], name=found.watcher, input="{}"
            )
        except stepfunctions.exceptions.ExecutionAlreadyExists:
            # It has ended. Either it dealt with this request, or it died and another is needed.
            found = documents.change(
                s3, event["queue"], partial(queues.watched_by_another, dead=found.watcher)
            )
        else:
            return found.watcher
    raise ManifestConflict(
        f"{event['queue']} names {found.watcher} as who watches it, which has ended, as {_WATCHERS}"
        " others before it: ask again"
    )
