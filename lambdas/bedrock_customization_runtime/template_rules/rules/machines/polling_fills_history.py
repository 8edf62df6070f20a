"""A loop that looks so often that the execution's history is full before the job ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.machines import HISTORY_LIMIT
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import number, texts_below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.machines import Scope, State
    from bedrock_customization_runtime.template_rules.template import Template

_LONGEST = 8 * 24 * 3600.0
"""Seconds that a job is waited for: Bedrock queues for days, and trains for days."""
_EVENTS = {"Task": 5, "Wait": 2, "Choice": 2, "Pass": 2}
"""In the history, each time that a state is passed."""


@rule(
    id="polling-fills-history",
    title="a loop that waits so briefly that the history is full before a long job ends",
    why="at 25,000 events the execution fails, and no Catch sees it; the job goes on and is billed",
    fix="wait 10 minutes or more, or let the wait grow; or count the rounds and stop",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html",
)
def polling_fills_history(template: Template) -> Iterator[Found]:
    """Find loops with a literal wait and nothing that counts, within eight days or the time-out."""
    for machine in template.machines:
        lasts = min(number(machine.definition.get("TimeoutSeconds")) or _LONGEST, _LONGEST)
        if machine.is_express:
            continue
        for scope in machine.scopes:
            for wait in scope.states.values():
                seconds = number(wait.body.get("Seconds")) if wait.type == "Wait" else None
                loop = _loop_of(scope, wait) if seconds else []
                if not loop or not seconds or any(map(_counts, loop)):
                    continue
                events = sum(_EVENTS.get(state.type, 2) for state in loop) * lasts / seconds
                if events > HISTORY_LIMIT:
                    told = f"{seconds:g} s: {events:,.0f} events in {lasts / 3600:,.0f} hours"
                    yield Found(machine.resource, wait.path, told)


def _loop_of(scope: Scope, wait: State) -> list[State]:
    """Return the states of the shortest way from a Wait back to itself."""
    before: dict[str, str | None] = {wait.name: None}
    waiting = [wait.name]
    for name in waiting:
        for following in scope.states[name].successors():
            if following == wait.name:
                found, at = [], name
                while at is not None:
                    found.append(scope.states[at])
                    at = before[at]  # type: ignore[assignment] # None ends the loop
                return found
            if following in scope.states and following not in before:
                before[following] = name
                waiting.append(following)
    return []


def _counts(state: State) -> bool:
    """Return whether a Choice compares numbers or times, as one that ends a loop does."""
    if state.type != "Choice":
        return False
    return any(
        ".Numeric" in path or ".Timestamp" in path or "<" in value or ">" in value
        for path, value in texts_below(state.body.get("Choices"), "")
    ) or any(name.startswith(("Numeric", "Timestamp")) for name in _names_below(state.body))


def _names_below(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _names_below(each)
    elif isinstance(value, list):
        for each in value:
            yield from _names_below(each)
