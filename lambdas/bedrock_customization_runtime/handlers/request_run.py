"""Note that somebody asks for a run; rules of EventBridge invoke this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.telemetry import observed
from bedrock_customization_runtime.triggers import requests

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import RequestRunInput


@observed
def handler(event: RequestRunInput, _context: object) -> str | None:
    """Return the name of what watches the queue, if it does; the same event again does no harm.

    Raises:
        ManifestConflict: Others changed the queue each time.
    """
    return requests.request(aws.s3(), aws.stepfunctions(), event)
