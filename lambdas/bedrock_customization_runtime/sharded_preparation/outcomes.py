"""How a preparation by Spark ended, told in S3: a job returns no more than that it has ended."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.contract import Preparation  # noqa: TC001 - msgspec reads it
from bedrock_customization_runtime.costs.spark import use_of_spark
from bedrock_customization_runtime.errors import (
    CustomizationError,
    DatasetRejected,
    InvalidInput,
    SourceChanged,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.contract import SparkCapacity
    from bedrock_customization_runtime.sharded_preparation.scratch import Scratch
    from bedrock_customization_runtime.sharded_preparation.work import Work

_OUTCOME = "outcome.json"
ABOUT_THE_DATA: tuple[type[CustomizationError], ...] = (
    DatasetRejected,
    InvalidInput,
    SourceChanged,
)
"""Errors that another try would meet again, so that the job that finds them has done its work."""


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    preparation: Preparation | None = None
    error: str | None = None
    """Name of the class."""
    message: str = ""
    seconds: float
    """That the job took."""


def write_outcome(
    scratch: Scratch, outcome: Preparation | CustomizationError, *, seconds: float
) -> None:
    """Keep what a preparation has come to.

    Args:
        scratch: Of the preparation.
        outcome: What was prepared, or why it was not: one of `ABOUT_THE_DATA`.
        seconds: That it took.
    """
    document = (
        _Outcome(error=type(outcome).__name__, message=str(outcome), seconds=seconds)
        if isinstance(outcome, CustomizationError)
        else _Outcome(preparation=outcome, seconds=seconds)
    )
    scratch.write(_OUTCOME, document)


def read_outcome(
    work: Work, *, billed: Mapping[str, float], capacity: SparkCapacity
) -> Preparation:
    """Return what was prepared, once the run's manifest holds what that has cost.

    Args:
        work: The preparation.
        billed: Of the job, as of `use_of_spark`.
        capacity: Of the job's workers.

    Raises:
        DatasetRejected: The data cannot be used.
        InvalidInput: The source does not exist, or a setting makes no sense.
        SourceChanged: The source was overwritten while it was read.
    """
    found = work.scratch.read(_OUTCOME, _Outcome)
    if found.preparation is not None:
        use = use_of_spark(billed, capacity, seconds=found.seconds)
        manifest.update(work.s3, work.run["manifest"], partial(_with, use))
        return found.preparation
    errors = {kind.__name__: kind for kind in ABOUT_THE_DATA}
    raise errors[found.error or ""](found.message)


def _with(use: manifest.SparkUse, found: manifest.Manifest) -> manifest.Manifest:
    prepared = found.preparation
    return found if prepared is None else replace(found, preparation=replace(prepared, spark=use))
