"""Follow on an execution that ended badly; EventBridge invokes this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bedrock_customization_runtime import aws, run_aftermath
from bedrock_customization_runtime.deployment import cleanup
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import CleanUpRunInput, RemovedDeployments


class _Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


@observed
def handler(event: CleanUpRunInput, context: _Context) -> RemovedDeployments:
    """Return the ARNs of what was removed, if anything was; the same event again does no harm.

    Raises:
        DeploymentBusy: A deployment is still being created.
    """
    clients = cleanup.Clients(
        bedrock=aws.bedrock(), s3=aws.s3(), ssm=aws.ssm(), stepfunctions=aws.stepfunctions()
    )
    removed = run_aftermath.follow(
        clients, aws.sns(), event, remaining_ms=context.get_remaining_time_in_millis
    )
    return {"removed": removed}
