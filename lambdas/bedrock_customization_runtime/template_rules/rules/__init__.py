"""Every rule, by family: one module for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rules import (
    costs,
    data,
    events,
    keys,
    machines,
    permissions,
    trust,
)

if TYPE_CHECKING:
    from bedrock_customization_runtime.template_rules.rule import Rule

FAMILIES: dict[str, tuple[Rule, ...]] = {
    "trust": trust.RULES,
    "permissions": permissions.RULES,
    "data": data.RULES,
    "keys": keys.RULES,
    "state machines": machines.RULES,
    "events and alarms": events.RULES,
    "costs": costs.RULES,
}
"""The rules by what they look at."""
TABLE = tuple(rule for rules in FAMILIES.values() for rule in rules)
"""All rules."""
