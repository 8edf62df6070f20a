"""State machines as rules see them: definitions put together, states in JSONPath or JSONata."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.intrinsics import Resolver, masked
from bedrock_customization_runtime.template_rules.values import items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_customization_runtime.template_rules.intrinsics import Json
    from bedrock_customization_runtime.template_rules.resource import Resource

HISTORY_LIMIT = 25_000
"""Events of one execution."""
STATE_MACHINES = ("AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine")
_BARE_VARIABLE = re.compile(r"([:\[,]\s*)\$\{[^{}]*\}(?=\s*[,\]}])")
"""A substitution where JSON wants a number or an object."""
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_RESOURCE = re.compile(
    r"arn:[^:]*:states:[^:]*:[^:]*:(?:aws-sdk:)?(?P<service>[A-Za-z0-9-]+):"
    r"(?P<action>[A-Za-z0-9]+)(?:\.(?P<pattern>[A-Za-z0-9:]+))?$"
)
_FUNCTION = re.compile(r"arn:[^:]*:lambda:[^:]*:[^:]*:function:")
_DEEPEST = 20
"""Maps and Parallels within each other."""


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A state, wherever in a machine it lies."""

    name: str
    body: dict[str, Json] = field(repr=False)
    is_caught_around: bool
    """Whether a Map or Parallel around it catches errors."""

    @property
    def type(self) -> str:
        """Task, Choice and so on."""
        return text(self.body.get("Type"))

    @property
    def path(self) -> str:
        """Where it is, in words."""
        return f"state {self.name!r}"

    @property
    def service(self) -> str:
        """Of a task that an integration does, in lower case; else empty."""
        return self._called("service")

    @property
    def action(self) -> str:
        """What an integration calls, in lower case; else empty."""
        return self._called("action")

    @property
    def pattern(self) -> str:
        """How an integration is waited for: `sync`, `sync:2`, `waitForTaskToken`, or empty."""
        return self._called("pattern")

    @property
    def arguments(self) -> dict[str, Json] | None:
        """What a task is given, by name; None if only a run knows (an expression as a whole)."""
        given = self.body.get("Arguments", self.body.get("Parameters"))
        return None if isinstance(given, str) else mapping(given)

    def argument(self, name: str) -> Json:
        """Return an argument, literal or as an expression."""
        given = self.arguments or {}
        return given.get(name, given.get(f"{name}.$"))

    @property
    def function(self) -> str:
        """The function that a task invokes, as it is written; else empty."""
        resource = text(self.body.get("Resource"))
        if self.service == "lambda" and self.action == "invoke":
            return text(self.argument("FunctionName"))
        # A function as the resource itself; an activity has no attribute Arn.
        is_function = bool(_FUNCTION.match(masked(resource))) or resource.endswith(".Arn}")
        return resource if is_function else ""

    def successors(self) -> list[str]:
        """Return the names of the states that can follow without an error."""
        choices = [mapping(each).get("Next") for each in items(self.body.get("Choices"))]
        return [
            each
            for each in (self.body.get("Next"), self.body.get("Default"), *choices)
            if isinstance(each, str)
        ]

    def _called(self, part: str) -> str:
        found = _RESOURCE.match(masked(text(self.body.get("Resource"))))
        value = (found[part] if found else None) or ""
        return value if part == "pattern" else value.lower()


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """States that lead to each other: those of a machine, a branch, a Map's processor."""

    start: str
    states: dict[str, State]

    def usual_states(self) -> Iterator[State]:
        """Yield the states that a run reaches without passing through what handles errors."""
        handlers = {
            name
            for state in self.states.values()
            for each in items(state.body.get("Catch"))
            # Where a run goes on in any case no error is handled.
            if isinstance(name := mapping(each).get("Next"), str) and name not in state.successors()
        }
        waiting, seen = [self.start], set(handlers)
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self.states:
                continue
            seen.add(name)
            yield self.states[name]
            waiting += self.states[name].successors()


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A state machine."""

    resource: Resource
    definition: dict[str, Json] = field(repr=False)
    scopes: tuple[Scope, ...]

    @property
    def is_express(self) -> bool:
        """Whether it lives for five minutes, and tells nobody how it ended."""
        kind = self.resource.get("StateMachineType") or self.resource.get("Type")
        return text(kind).upper() == "EXPRESS"

    def usual_states(self) -> set[State]:
        """Return the states that a run without an error can reach."""
        return {state for scope in self.scopes for state in scope.usual_states()}

    def states(self, *types: str) -> Iterator[State]:
        """Yield its states of these types, or all."""
        for scope in self.scopes:
            for state in scope.states.values():
                if not types or state.type in types:
                    yield state

    def tasks(self) -> Iterator[State]:
        """Yield its tasks."""
        return self.states("Task")


def machines_of(resources: Mapping[str, Resource]) -> Iterator[Machine]:
    """Yield the machines whose definition is among the resources."""
    for resource in resources.values():
        if resource.type in STATE_MACHINES and (definition := _definition(resource)):
            scopes = tuple(_scopes(definition, 0, is_caught=False))
            yield Machine(resource, definition, scopes)


def _definition(resource: Resource) -> dict[str, Json]:
    told = mapping(resource.get("DefinitionSubstitutions"))

    def put(found: re.Match[str]) -> str:
        value = told.get(found[1])
        if isinstance(value, str):
            return json.dumps(value)[1:-1]
        return found[0] if value is None else json.dumps(value)

    whole = resource.get("DefinitionString") or resource.get("Definition")
    if isinstance(whole, dict):
        if not told:
            return whole
        whole = json.dumps(whole)
    source = _VARIABLE.sub(put, text(whole)) if told else text(whole)
    for attempt in (source, _BARE_VARIABLE.sub(r"\1null", source)):
        try:
            found = json.loads(attempt)
        except (ValueError, RecursionError):
            continue
        return mapping(Resolver({}, assumed=True).resolve(found))
    return {}


def _scopes(definition: dict[str, Json], depth: int, *, is_caught: bool) -> Iterator[Scope]:
    states = mapping(definition.get("States"))
    found = {
        name: State(name, body, is_caught)
        for name, body in states.items()
        if isinstance(body, dict)
    }
    yield Scope(text(definition.get("StartAt")), found)
    if depth == _DEEPEST:
        return
    for state in found.values():
        caught = is_caught or bool(items(state.body.get("Catch")))
        inner = [
            *items(state.body.get("Branches")),
            state.body.get("ItemProcessor"),
            state.body.get("Iterator"),
        ]
        for each in inner:
            if isinstance(each, dict):
                yield from _scopes(each, depth + 1, is_caught=caught)
