"""Housekeeping: the event of what takes away what a pipeline's runs left."""

from typing import NotRequired, TypedDict


class KeptPipeline(TypedDict):
    """A pipeline, by what its runs use."""

    name: str
    """Of the state machine."""
    state_machine_arn: str
    alias_parameter: str
    previous_parameter: str
    """Name of the SSM parameter that says what was live before."""
    data_bucket: str
    blind_bucket: str
    artifacts_bucket: str


class HousekeepingLimits(TypedDict):
    """When something is old enough to be taken away; what is absent is kept for ever."""

    stall_seconds: int
    """A job without progress for so long, whose run has ended, is stopped."""
    idle_seconds: int
    """Provisioned throughput that nobody asked for so long is reported."""
    model_days: NotRequired[int]
    """Custom models of runs that promoted none."""
    data_days: NotRequired[int]
    """Data and blind sets of runs."""
    artifacts_days: NotRequired[int]
    """Reports, evaluations and manifests of runs."""


class KeepHouseInput(TypedDict):
    """Event of `keep_house`; a rule of EventBridge sends it by the clock."""

    pipeline: KeptPipeline
    limits: HousekeepingLimits
    topic_arn: str
    dry_run: bool
    """Whether nothing is taken away, only reported."""


class HousekeepingRecord(TypedDict):
    """What `keep_house` returns."""

    report: str
    """S3 URI."""
    found: int
    removed: int
    failed: int
