"""What the embedded AWS works around in moto's EventBridge: what reaches a target, and how."""

import copy
import functools
import logging
from collections.abc import Mapping
from typing import Any

from moto.events import models as events

from bedrock_customization_local.cloud.event_targets import as_delivered, deliver, target_input
from bedrock_customization_local.cloud.moto_patches.replacing import Patches

_log = logging.getLogger(__name__)


def reach_their_targets(patches: Patches) -> None:
    """Deliver events to state machines, functions, topics and queues, in AWS's form.

    moto knows queues, log groups, buses and archives; any other target raises and keeps the event
    from the targets after it. It forgets `Input` and `InputPath`, does not quote what a template
    inserts, gives an S3 event no transformation, and writes the time as a number.
    """
    original = events.Rule.send_to_targets

    @functools.wraps(original)
    def send_to_targets(self: events.Rule, event: Mapping[str, Any], **options: bool) -> None:
        if not _rule_applies(self, event):
            return
        delivered = as_delivered(event)
        for target in self.targets:
            try:
                if not deliver(patches.client, target, target_input(target, delivered)):
                    alone = copy.copy(self)
                    alone.targets = [target]
                    original(alone, event, **options)
            except Exception:  # noqa: BLE001 - EventBridge gives up on one target, not on others
                _log.exception("rule %s could not deliver to %s", self.name, target["Arn"])

    patches.replace(events.Rule, "send_to_targets", send_to_targets)


def _rule_applies(rule: events.Rule, event: Mapping[str, Any]) -> bool:
    """Return whether a rule takes an event: moto lets disabled and schedule-only rules take all."""
    has_pattern = bool(rule.event_pattern.get_pattern())
    return rule.state == "ENABLED" and has_pattern and rule.event_pattern.matches_event(event)


PATCHES = (reach_their_targets,)
