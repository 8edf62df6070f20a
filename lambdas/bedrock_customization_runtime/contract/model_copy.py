"""Copies of custom models of another account or Region: events of their steps."""

from enum import StrEnum
from typing import Literal, NotRequired, TypedDict

from bedrock_customization_runtime.contract.deployment import ThroughputPlan
from bedrock_customization_runtime.contract.runs import Run


class CopyStep(StrEnum):
    """Steps of `copy_model`."""

    CHECK = "check"
    RECORD = "record"


class CheckCopy(TypedDict):
    """Event of `copy_model` before anything is asked of Bedrock."""

    step: Literal["check"]
    run: Run
    model_name: str
    """That the copy will have."""
    throughput: NotRequired[ThroughputPlan]
    """What the copy will answer on; absent where it is deployed on demand."""


class RecordCopy(TypedDict):
    """Event of `copy_model` once the copy is Active."""

    step: Literal["record"]
    run: Run
    job_arn: str
    model_arn: str
    """Of the copy."""


CopyModelInput = CheckCopy | RecordCopy
"""Event of `copy_model`."""


class CopiedModel(TypedDict):
    """What its last step returns (`$customization`)."""

    model_arn: str
