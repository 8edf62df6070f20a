"""Puts the logs of invocations into moto's CloudWatch Logs."""

from threading import Lock

from moto.core.utils import unix_time_millis

from bedrock_customization_local.cloud.lambdas.functions import Invocation
from bedrock_customization_local.cloud.untyped import Moto


class LogWriter:
    """Writes log events, one invocation at a time: moto's streams are not safe to share."""

    def __init__(self) -> None:
        self._lock = Lock()

    def write(self, logs: Moto, group: str, invocation: Invocation) -> None:
        """Append an invocation's log to its sandbox's stream, creating both if needed."""
        now = int(unix_time_millis())
        events = [{"timestamp": now, "message": line} for line in invocation.log_events()]
        with self._lock:
            logs.ensure_log_group(group)
            logs.ensure_log_stream(group, invocation.log_stream)
            logs.put_log_events(group, invocation.log_stream, events)
