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
        rule = {"RuleName": self.name}
        patches.measures.put("AWS/Events", "TriggeredRules", 1, rule)
        for target in self.targets:
            text = target_input(target, delivered)
            patches.measures.put("AWS/Events", "Invocations", 1, rule)
            try:
                if target["Arn"].split(":")[2] == "sns":
                    # EventBridge gives no condition keys, neither to topics nor to keys.
                    patches.require_to_publish("events.amazonaws.com", target["Arn"], {})
                if not deliver(patches.client, target, text):
                    alone = copy.copy(self)
                    alone.targets = [target]
                    original(alone, event, **options)
            except Exception as error:  # noqa: BLE001 - given up for one target, not for others
                _log.warning("rule %s cannot reach %s: %s", self.name, target["Arn"], error)
                patches.measures.put("AWS/Events", "FailedInvocations", 1, rule)
                _keep(patches, target, text)

    patches.replace(events.Rule, "send_to_targets", send_to_targets)


def match_objects_in_lists(patches: Patches) -> None:
    """Let a pattern's object match one of the objects in an event's list, as EventBridge does.

    moto looks into objects, not into lists of them.
    """
    original = events.EventPattern._flatten_dict  # noqa: SLF001 - where moto looks into an event

    def flatten(
        node: Mapping[str, Any], prefix: str = "", result: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        flat: dict[str, Any] = original(node, prefix, result)
        for name, value in node.items():
            for one in value if isinstance(value, list) else ():
                if isinstance(one, dict):
                    inside = flatten(one, f"{prefix}.{name}" if prefix else name)
                    for path, each in inside.items():
                        flat.setdefault(path, []).append(each)
        return flat

    patches.replace(events.EventPattern, "_flatten_dict", staticmethod(flatten))


def _keep(patches: Patches, target: Mapping[str, Any], text: str) -> None:
    """Give what could not be delivered to the target's queue of dead letters, if it has one."""
    queue = target.get("DeadLetterConfig", {}).get("Arn")
    if queue:
        deliver(patches.client, {"Arn": queue}, text)


def _rule_applies(rule: events.Rule, event: Mapping[str, Any]) -> bool:
    """Return whether a rule takes an event: moto lets disabled and schedule-only rules take all."""
    has_pattern = bool(rule.event_pattern.get_pattern())
    return rule.state == "ENABLED" and has_pattern and rule.event_pattern.matches_event(event)


PATCHES = (reach_their_targets, match_objects_in_lists)
