"""Turn the account's model invocation logging on or off, invoked by whoever decides that."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.invocation_logging import configure
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import ConfigureLoggingInput, LoggingStatus


@observed
def handler(event: ConfigureLoggingInput, _context: object) -> LoggingStatus:
    """Do what the event names; a repeated call changes nothing any more.

    Raises:
        InvalidInput: There is no such action.
        LoggingConfiguredElsewhere: Somebody else has configured logging; nothing was changed.
    """
    return configure(
        aws.bedrock(),
        str(event.get("action")),
        bucket=os.environ["LOGS_BUCKET"],
        prefix=os.environ["LOGS_PREFIX"],
    )
