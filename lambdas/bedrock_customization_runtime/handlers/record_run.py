"""Close a run's manifest, write its report and model card; end a run that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws, run_end
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        EndRunInput,
        Failure,
        RecordRunInput,
        RunRecord,
    )


@observed
def handler(event: RecordRunInput | EndRunInput, _context: object) -> RunRecord | Failure:
    """Return how the run ended, for people; or end it.

    Raises:
        CustomizationError: By the name of the error of the run that ends.
    """
    return run_end.end(aws.s3(), event) if "end" in event else run_end.record(aws.s3(), event)
