"""Lambda function of the state "Enrich data"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.enrichment.asking import ask
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import EnrichDataInput, Enrichment


class _Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


@observed
def handler(event: EnrichDataInput, context: _Context) -> Enrichment:
    """Ask what was not asked yet; the same event again goes on where this call ended.

    Raises:
        InvalidInput: The source does not exist, a setting makes no sense, a price is not known.
        SourceChanged: The source was overwritten while it was read.
        DatasetRejected: The source as a whole cannot be read.
        BudgetReached: The next questions could cost more than is left.
        EnrichmentFailed: The model cannot answer at all, or the time is too short for one part.
    """
    return ask(aws.bedrock_runtime(), aws.s3(), event, context.get_remaining_time_in_millis)
