"""Start the run that is asked for, when it is time; the machine that watches the queue asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.telemetry import observed
from bedrock_customization_runtime.triggers import watching

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import StartQueuedRunInput, Watch


@observed
def handler(event: StartQueuedRunInput, _context: object) -> Watch:
    """Return what the next look must know, and when it is.

    Raises:
        ManifestConflict: Others changed the queue each time.
    """
    return watching.look(aws.s3(), aws.stepfunctions(), event)
