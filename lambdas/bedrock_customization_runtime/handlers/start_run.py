"""Check a run's input, derive the names of what it will make, begin its manifest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws, run_start
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import Run, StartRunInput


@observed
def handler(event: StartRunInput, _context: object) -> Run:
    """Return what later states call `$run`.

    Raises:
        InvalidInput: The run's input is not `{"source": "s3://…"}`, at will with
            `hyperparameters`; the source is neither an object nor a prefix below `incoming/` of the
            data bucket; a
            hyperparameter does not fit; or the base model is not customized any more.
        ManifestConflict: Another execution began a run of that name.
    """
    embedded = os.environ.get("BEDROCK_CUSTOMIZATION_EMBEDDED") == "1"
    return run_start.start(aws.s3(), event, embedded=embedded)
