"""Ask a candidate's deployment a few questions before it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bedrock_customization_runtime import aws, smoke_test
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import SmokeTestInput


class _Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


@observed
def handler(event: SmokeTestInput, context: _Context) -> dict[str, list[int]]:
    """Return the latency of each answer, in milliseconds.

    Raises:
        SmokeTestFailed: The deployment does not answer.
    """
    latencies = smoke_test.ask(
        aws.bedrock_runtime(),
        event["deployment"]["arn"],
        remaining_ms=context.get_remaining_time_in_millis,
    )
    return {"latencies_ms": latencies}
