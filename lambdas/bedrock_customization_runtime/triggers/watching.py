"""Look at a queue and at the pipeline, and start the run that is asked for when it is time."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets.reading.file_names import why_skipped
from bedrock_customization_runtime.errors import ManifestConflict
from bedrock_customization_runtime.s3.objects import S3Uri, VersionConflictError
from bedrock_customization_runtime.triggers import documents, queue as queues

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

    from bedrock_customization_runtime.contract.triggers import StartQueuedRunInput, Watch

_ATTEMPTS = 20


def look(s3: S3Client, stepfunctions: SFNClient, event: StartQueuedRunInput) -> Watch:
    """Return what the next look must know, and when it is.

    What is asked for while this looks is never taken for seen: the queue is read before the data
    are listed, and written only if nobody asked since.

    Args:
        s3: Client.
        stepfunctions: Client.
        event: The queue, the pipeline, and what the look before saw.

    Raises:
        ManifestConflict: Others changed the queue each time.
    """
    for _ in range(_ATTEMPTS):
        queue, version = documents.load(s3, event["queue"])
        if queue.run and not queue.run.started:
            queue = _start(s3, stepfunctions, event, queue.run)
            if not queue.requests:
                return _finished(queue)
            continue
        status = _status_of(stepfunctions, event, queue.run)
        sight = queues.Sight(
            data=_digest_of_list(s3, event["source"]),
            # Lists lag behind, so the queue's own run is asked for by its name.
            is_running=status == "RUNNING" or _is_any_running(stepfunctions, event),
            has_succeeded=status == "SUCCEEDED",
        )
        after, watch = queues.looked_at(
            queue, sight, event["watch"], quiet_seconds=event["quiet_seconds"]
        )
        with suppress(VersionConflictError):
            documents.save(s3, event["queue"], after, replaces=version)
            if after.run is None or after.run.started:
                return watch
    raise ManifestConflict(
        f"{event['queue']} changed {_ATTEMPTS} times while it was looked at: look again"
    )


def _start(
    s3: S3Client,
    stepfunctions: SFNClient,
    event: StartQueuedRunInput,
    run: queues.StartedRun,
) -> queues.Queue:
    # Of that name: started by a look that died, or that lost the answer.
    with suppress(stepfunctions.exceptions.ExecutionAlreadyExists):
        stepfunctions.start_execution(
            stateMachineArn=event["state_machine_arn"],
            name=run.name,
            input=json.dumps({"source": event["source"]}),
        )
    return documents.change(s3, event["queue"], partial(queues.begun, name=run.name))


def _finished(queue: queues.Queue) -> Watch:
    seen = queue.run.data if queue.run else queues.NO_DATA
    return {"finished": True, "wait_seconds": 0, "looks": 0, "restless": 0, "seen": seen}


def _digest_of_list(s3: S3Client, source: str) -> str:
    """Return the digest of the names and entity tags of the data below a prefix."""
    where = S3Uri.parse(source)
    digest, found = sha256(), False
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=where.bucket, Prefix=where.key):
        for item in page.get("Contents", []):
            name = item["Key"].removeprefix(where.key)
            if why_skipped(name, item["Size"]) is None:
                digest.update(json.dumps([name, item["ETag"]]).encode())
                found = True
    return digest.hexdigest() if found else queues.NO_DATA


def _is_any_running(stepfunctions: SFNClient, event: StartQueuedRunInput) -> bool:
    running = stepfunctions.list_executions(
        stateMachineArn=event["state_machine_arn"], statusFilter="RUNNING", maxResults=1
    )
    return bool(running["executions"])


def _status_of(
    stepfunctions: SFNClient, event: StartQueuedRunInput, run: queues.StartedRun | None
) -> str | None:
    if run is None:
        return None
    executions = event["state_machine_arn"].replace(":stateMachine:", ":execution:", 1)
    try:
        found = stepfunctions.describe_execution(executionArn=f"{executions}:{run.name}")
    except stepfunctions.exceptions.ExecutionDoesNotExist:
        return None  # Step Functions forgets after 90 days.
    return found["status"]
