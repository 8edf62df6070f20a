"""What asks for runs, and how a queue of a pipeline is watched."""

from enum import StrEnum
from typing import NotRequired, TypedDict


class TriggerKind(StrEnum):
    """What asks for a run."""

    NEW_DATA = "new-data"
    """Objects came below `incoming/`."""
    SCHEDULE = "schedule"
    """It is time, if the data are not those of the last run that succeeded."""
    ALARM = "alarm"
    """An alarm rang, whatever the data are."""


class RequestRunInput(TypedDict):
    """Event of `request_run`, as a rule of EventBridge writes it."""

    queue: str
    """S3 URI of the pipeline's queue."""
    watch_machine_arn: str
    """Of the state machine that watches the queue."""
    kind: TriggerKind
    occasion: NotRequired[str]
    """Which alarm rang when, or which time it was: what comes twice asks once. New data have
    none: what they are, the bucket says."""


class Watch(TypedDict):
    """What one look at a queue tells the next (`$watch`)."""

    finished: bool
    """Whether nobody asks for a run any more."""
    wait_seconds: int
    """Until the next look."""
    looks: int
    """How often a run of the pipeline was still going."""
    restless: int
    """How often in a row the data had changed since the look before."""
    seen: str
    """Digest of the data's list."""


class StartQueuedRunInput(TypedDict):
    """Event of `start_queued_run`."""

    queue: str
    source: str
    """S3 URI of the prefix that runs read."""
    state_machine_arn: str
    """Of the pipeline."""
    quiet_seconds: int
    """For so long nothing may come before new data begin a run."""
    watch: Watch | None
    """None at the first look."""
