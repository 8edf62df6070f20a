"""Copies what one function call copies, whatever the source is."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bedrock_customization_runtime.model_import import staging, unpacking
from bedrock_customization_runtime.model_import.plan import ImportScratch
from bedrock_customization_runtime.model_import.sources import opening
from bedrock_customization_runtime.model_import.sources.archive import ArchiveFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_runtime.contract import ModelSource, StageParts
    from bedrock_customization_runtime.model_import.sources.opening import SourceClients


def stage(clients: SourceClients, event: StageParts, *, remaining_ms: Callable[[], int]) -> bool:
    """Copy a batch of parts, or what is missing of an archive.

    Args:
        clients: Of AWS.
        event: Which batch of which import.
        remaining_ms: Tells how many milliseconds the function may still run.

    Returns:
        Whether it is complete; if not, the same event goes on.
    """
    scratch = ImportScratch(clients.s3, event["scratch"])
    plan = scratch.read()
    source = opening.opened(clients, cast("ModelSource", plan.source), plan.pinned, scratch.heads)
    if isinstance(source, ArchiveFolder):
        return unpacking.unpack(clients.s3, source, scratch, plan, remaining_ms=remaining_ms)
    return staging.stage(clients.s3, source, plan, event["number"], remaining_ms=remaining_ms)
