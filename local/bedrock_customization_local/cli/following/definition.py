"""What a state machine's definition says about its progress: phases and loops."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORKING = frozenset({"Task", "Map"})
_FAILURE = "Failure"
"""Phase that handles failures; the ways out of it are taken by a redriven run alone."""
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A state, as a person follows it."""

    name: str
    type: str
    phase: str | None
    """Title of its phase, from a `Comment` of the form `DataPreparation: …`."""
    resource: str
    """Of a Task, else empty."""
    loop: frozenset[str]
    """States that it reaches and that reach it: it may run again until none of them runs."""
    can_succeed: bool
    """Whether the machine may end well from here; where failures are handled it may not."""

    @property
    def works(self) -> bool:
        """Whether it does something itself, unlike a Wait, a Choice, or what holds branches."""
        return self.type in _WORKING


@dataclass(frozen=True, slots=True)
class Definition:
    """The states of a machine, those inside Map and Parallel states included."""

    states: Mapping[str, State]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a definition in the Amazon States Language."""
        found: dict[str, State] = {}
        for states in machines(json.loads(text)):
            reachable = {name: _reachable(states, name) for name in states}
            good_ends = {name for name, state in states.items() if _ends_well(state)}
            for name, state in states.items():
                found[name] = State(
                    name=name,
                    type=state["Type"],
                    phase=_phase(state.get("Comment", "")),
                    resource=state.get("Resource", ""),
                    loop=frozenset(
                        other for other in reachable[name] if name in reachable.get(other, ())
                    ),
                    can_succeed=not good_ends.isdisjoint({name, *reachable[name]}),
                )
        return cls(found)

    @property
    def phases(self) -> tuple[str, ...]:
        """Titles of what happens when all goes well, in the order of the definition."""
        return tuple(
            dict.fromkeys(s.phase for s in self.states.values() if s.phase and s.can_succeed)
        )


def machines(machine: dict[str, Any]) -> Iterator[dict[str, dict[str, Any]]]:
    """Yield the `States` of a machine and of every machine inside it."""
    yield machine["States"]
    for state in machine["States"].values():
        inner = [*state.get("Branches", ()), state.get("ItemProcessor"), state.get("Iterator")]
        for part in filter(None, inner):
            yield from machines(part)


def _reachable(states: dict[str, dict[str, Any]], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        for following in _next(states[name]):
            if following in reached or following not in states:
                continue
            if not _leads_back(states, name, following):
                reached.add(following)
                waiting.append(following)
    return reached


def _leads_back(states: dict[str, dict[str, Any]], name: str, following: str) -> bool:
    phases = [_phase(states[one].get("Comment", "")) for one in (name, following)]
    return phases[0] == _FAILURE != phases[1]


def _next(state: dict[str, Any]) -> Iterator[str]:
    for source in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        if "Next" in source:
            yield source["Next"]
    if "Default" in state:
        yield state["Default"]


def _ends_well(state: dict[str, Any]) -> bool:
    return state["Type"] == "Succeed" or bool(state.get("End"))


def _phase(comment: str) -> str | None:
    title, colon, _ = comment.partition(":")
    words = _WORD.sub(" ", title).split()
    # A sentence that happens to hold a colon is no phase.
    if not colon or not title.strip().isalnum():
        return None
    return " ".join(words).capitalize()
