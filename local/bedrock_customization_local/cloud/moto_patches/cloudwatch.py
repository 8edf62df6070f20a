"""What the embedded AWS adds to moto's CloudWatch: EventBridge hears of alarms."""

import functools
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from moto.cloudwatch import models as cloudwatch

from bedrock_customization_local.cloud.moto_patches.replacing import Patches
from bedrock_customization_local.cloud.untyped import Client

_log = logging.getLogger(__name__)


def tells_of_alarms_that_change(patches: Patches) -> None:
    """Send an event for each alarm whose state is set to another one; moto sends none."""
    original = cloudwatch.Alarm.update_state

    @functools.wraps(original)
    def update_state(
        self: cloudwatch.Alarm, reason: str, reason_data: str, state_value: str
    ) -> None:
        before = _state_of(self)
        original(self, reason, reason_data, state_value)
        now = _state_of(self)
        if now["value"] == before["value"]:
            return
        detail = {"alarmName": self.name, "state": now, "previousState": before}
        try:
            _announce(patches.client("events"), self.alarm_arn, detail)
        except Exception:  # noqa: BLE001 - a lost event does not change what it tells of
            _log.exception("the event of the alarm %s was lost", self.name)

    patches.replace(cloudwatch.Alarm, "update_state", update_state)


def _announce(events: Client, alarm_arn: str, detail: Mapping[str, object]) -> None:
    entry = {
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm State Change",
        "Resources": [alarm_arn],
        "Detail": json.dumps(detail),
    }
    events.put_events(Entries=[entry])


def _state_of(alarm: cloudwatch.Alarm) -> dict[str, str]:
    moment: datetime = alarm.state_updated_timestamp
    return {
        "value": alarm.state_value,
        "reason": alarm.state_reason,
        "timestamp": moment.replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
    }


PATCHES = (tells_of_alarms_that_change,)
