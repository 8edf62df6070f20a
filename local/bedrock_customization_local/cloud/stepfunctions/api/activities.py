"""Activities and task tokens: how workers fetch tasks and report back."""

import json
from collections.abc import Callable, Mapping
from threading import RLock
from typing import TYPE_CHECKING, Final

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.stepfunctions.api.errors import ApiError
from bedrock_customization_local.cloud.stepfunctions.api.machine import check_name
from bedrock_customization_local.cloud.stepfunctions.api.paging import page
from bedrock_customization_local.cloud.stepfunctions.tasks.activities import ActivityQueues
from bedrock_customization_local.cloud.stepfunctions.tokens import (
    TaskGone,
    TaskTokens,
    UnknownToken,
)
from bedrock_customization_local.cloud.untyped import Json

if TYPE_CHECKING:
    from datetime import datetime

_POLL_SECONDS: Final = 60
"""How long GetActivityTask waits, in real seconds: it is a time-out, not a wait."""


class Activities:
    """All activities of an account in a Region, and the tokens of all tasks.

    Args:
        clock: Tells the time.
        arn_prefix: `arn:aws:states:<region>:<account>`.
        queues: Where tasks of activities wait.
        tokens: The tasks that wait for a token.
        tag: Stores the tags of a new resource.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        arn_prefix: str,
        queues: ActivityQueues,
        tokens: TaskTokens,
        tag: Callable[[str, Json], None],
    ) -> None:
        self._clock = clock
        self._arn_prefix = arn_prefix
        self._queues = queues
        self._tokens = tokens
        self._tag = tag
        self._lock = RLock()
        self._created: dict[str, datetime] = {}

    def create_activity(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Create an activity; the same name again returns the same activity."""
        arn = f"{self._arn_prefix}:activity:{check_name(parameters['name'])}"
        with self._lock:
            if arn not in self._created:
                self._created[arn] = self._clock.now()
                self._tag(arn, parameters.get("tags", []))
            return {"activityArn": arn, "creationDate": self._created[arn]}

    def describe_activity(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Describe an activity."""
        return self._described(parameters["activityArn"])

    def list_activities(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """List the activities."""
        with self._lock:
            activities = [self._described(arn) for arn in sorted(self._created)]
        return page(parameters, "activities", activities)

    def delete_activity(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Delete an activity; one that does not exist is no error."""
        with self._lock:
            self._created.pop(parameters["activityArn"], None)
        return {}

    def get_activity_task(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Wait for a task of an activity; nothing comes if there is none for a minute."""
        arn = parameters["activityArn"]
        self._described(arn)
        task = self._queues.take(arn, parameters.get("workerName"), _POLL_SECONDS)
        return {} if task is None else {"taskToken": task.token, "input": task.input}

    def send_task_success(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """End a task with an output."""
        try:
            output = json.loads(parameters["output"])
        except ValueError as error:
            raise ApiError("InvalidOutput", f"Invalid Output: '{error}'") from error
        return self._answered(lambda: self._tokens.succeed(parameters["taskToken"], output))

    def send_task_failure(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """End a task with an error."""
        return self._answered(
            lambda: self._tokens.fail(
                parameters["taskToken"], parameters.get("error", ""), parameters.get("cause")
            )
        )

    def send_task_heartbeat(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Keep a task alive."""
        return self._answered(lambda: self._tokens.beat(parameters["taskToken"]))

    def exists(self, arn: str) -> bool:
        """Tell whether an activity exists."""
        with self._lock:
            return arn in self._created

    def _described(self, arn: str) -> dict[str, Json]:
        with self._lock:
            if arn not in self._created:
                raise ApiError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
            name = arn.rsplit(":", 1)[1]
            return {"activityArn": arn, "name": name, "creationDate": self._created[arn]}

    @staticmethod
    def _answered(answer: Callable[[], None]) -> dict[str, Json]:
        try:
            answer()
        except TaskGone as error:
            raise ApiError("TaskTimedOut", f"Task Timed Out: {error}") from error
        except UnknownToken as error:
            raise ApiError("InvalidToken", f"Invalid Token: {error}") from error
        return {}
