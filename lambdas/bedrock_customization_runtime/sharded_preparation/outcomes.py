"""How a preparation by Spark ended, told in S3: a job returns no more than that it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.contract import Preparation  # noqa: TC001 - msgspec reads it
from bedrock_customization_runtime.errors import (
    CustomizationError,
    DatasetRejected,
    InvalidInput,
    SourceChanged,
)

if TYPE_CHECKING:
    from bedrock_customization_runtime.sharded_preparation.scratch import Scratch

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


def write_outcome(scratch: Scratch, outcome: Preparation | CustomizationError) -> None:
    """Keep what a preparation has come to.

    Args:
        scratch: Of the preparation.
        outcome: What was prepared, or why it was not: one of `ABOUT_THE_DATA`.
    """
    document = (
        _Outcome(error=type(outcome).__name__, message=str(outcome))
        if isinstance(outcome, CustomizationError)
        else _Outcome(preparation=outcome)
    )
    scratch.write(_OUTCOME, document)


def read_outcome(scratch: Scratch) -> Preparation:
    """Return what was prepared.

    Raises:
        DatasetRejected: The data cannot be used.
        InvalidInput: The source does not exist, or a setting makes no sense.
        SourceChanged: The source was overwritten while it was read.
    """
    found = scratch.read(_OUTCOME, _Outcome)
    if found.preparation is not None:
        return found.preparation
    errors = {kind.__name__: kind for kind in ABOUT_THE_DATA}
    raise errors[found.error or ""](found.message)
