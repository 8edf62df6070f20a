"""Finds what is wrong with a definition, all of it at once, before anything runs."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.language import (
    fields,
    jsonata,
    jsonpath,
    resources,
)
from bedrock_customization_local.cloud.stepfunctions.language.choice import COMPARISONS
from bedrock_customization_local.cloud.stepfunctions.language.definition import (
    QueryLanguage,
    StateType,
)
from bedrock_customization_local.cloud.stepfunctions.language.jsonpath import PathError
from bedrock_customization_local.cloud.stepfunctions.language.resources import Resource
from bedrock_customization_local.cloud.untyped import Json

_NAME_LIMIT: Final = 80
_TERMINAL: Final = frozenset({StateType.SUCCEED, StateType.FAIL})

# Says what is wrong with a task's resource and the template of its parameters.
TaskCheck = Callable[[Resource, Json], Iterable[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something wrong with a definition.

    Args:
        code: Its kind, in AWS's codes.
        message: What is wrong.
        location: Where, as a path: `/States/Wait/Seconds`.
    """

    code: str
    message: str
    location: str

    def __str__(self) -> str:
        """Return it as AWS writes it into an InvalidDefinition message."""
        return f"{self.code}: {self.message} at {self.location}"


def findings(text: str, check_task: TaskCheck = lambda _resource, _template: ()) -> list[Finding]:
    """Return everything that is wrong with a definition; nothing if it can run.

    Args:
        text: Amazon States Language.
        check_task: Says what is wrong with a task's resource and parameters.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        return [Finding(code="INVALID_JSON_DESCRIPTION", message=str(error), location="/")]
    if not isinstance(body, dict):
        return [Finding(code="INVALID_JSON_DESCRIPTION", message="not an object", location="/")]
    checker = _Checker(check_task=check_task)
    checker.states(body, "", "JSONPath", is_machine=True)
    return checker.found


@dataclass(frozen=True, slots=True)
class _Checker:
    check_task: TaskCheck
    found: list[Finding] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def states(self, body: Json, where: str, inherited: str, *, is_machine: bool) -> None:
        """Check a machine, a branch or an item processor."""
        allowed = fields.MACHINE if is_machine else fields.NESTED
        self._unknown(body, allowed, where)
        language = body.get("QueryLanguage", inherited)
        if language not in set(QueryLanguage):
            self._add(f"{where}/QueryLanguage", f"must be JSONata or JSONPath, got {language!r}")
            language = inherited
        states = body.get("States")
        if not isinstance(states, dict) or not states:
            self._add(f"{where}/States", "is required: an object with at least one state")
            return
        start = body.get("StartAt")
        if start not in states:
            self._add(f"{where}/StartAt", f"names no state: {start!r}", "MISSING_TRANSITION_TARGET")
        for name, state in states.items():
            self._state(name, state, f"{where}/States/{name}", language)
        for name, target, place in _transitions(states):
            if target not in states:
                self._add(
                    f"{where}/States/{name}/{place}",
                    f"names no state: {target!r}",
                    "MISSING_TRANSITION_TARGET",
                )
        for name in sorted(set(states) - _reachable(start, states)):
            self._add(f"{where}/States/{name}", "cannot be reached", "UNREACHABLE_STATE")
        if not any(_is_terminal(state) for state in states.values()):
            self._add(f"{where}/States", "has no end", "NO_TERMINAL_STATE")

    def _state(self, name: str, state: Json, where: str, inherited: str) -> None:
        if not isinstance(state, dict) or state.get("Type") not in set(StateType):
            kind = state.get("Type") if isinstance(state, dict) else state
            self._add(f"{where}/Type", f"must be one of {', '.join(StateType)}, got {kind!r}")
            return
        self._name(name, where)
        language = self._language(state, where, inherited)
        kind = StateType(state["Type"])
        self._unknown(state, fields.of(kind, language), where, language)
        for required in fields.REQUIRED[kind]:
            if required not in state:
                self._add(f"{where}/{required}", "is required")
        self._transition(state, kind, where)
        self._expressions(state, language, where)
        self._handlers(state, where, language)
        self._exclusive(state, where)
        if kind is StateType.TASK:
            self._task(state, language, where)
        elif kind is StateType.CHOICE:
            self._choices(state, language, where)
        elif kind is StateType.WAIT:
            self._wait(state, where)
        elif kind in {StateType.PARALLEL, StateType.MAP}:
            self._inner(state, kind, where, inherited)

    def _name(self, name: str, where: str) -> None:
        if len(name) > _NAME_LIMIT:
            self._add(where, f"has a name of {len(name)} characters: {_NAME_LIMIT} are allowed")
        if name in self.names:
            self._add(where, "has a name that another state has", "DUPLICATE_STATE_NAME")
        self.names.add(name)

    def _language(self, state: Mapping[str, Json], where: str, inherited: str) -> QueryLanguage:
        language = state.get("QueryLanguage", inherited)
        if language not in set(QueryLanguage):
            self._add(f"{where}/QueryLanguage", f"must be JSONata or JSONPath, got {language!r}")
            return QueryLanguage(inherited)
        if inherited == QueryLanguage.JSONATA and language == QueryLanguage.JSONPATH:
            self._add(
                f"{where}/QueryLanguage",
                "cannot be JSONPath in a machine whose language is JSONata",
            )
        return QueryLanguage(language)

    def _inner(
        self, state: Mapping[str, Json], kind: StateType, where: str, inherited: str
    ) -> None:
        if kind is StateType.PARALLEL:
            for index, branch in enumerate(state.get("Branches", ())):
                self.states(branch, f"{where}/Branches[{index}]", inherited, is_machine=False)
            return
        processor = state.get("ItemProcessor", state.get("Iterator"))
        if processor is None:
            self._add(f"{where}/ItemProcessor", "is required")
        else:
            self.states(processor, f"{where}/ItemProcessor", inherited, is_machine=False)

    def _transition(self, state: Mapping[str, Json], kind: StateType, where: str) -> None:
        if kind in _TERMINAL or kind is StateType.CHOICE:
            return
        if ("Next" in state) == (state.get("End") is True):
            self._add(where, "needs either Next or End: true")

    def _expressions(self, state: Mapping[str, Json], language: str, where: str) -> None:
        own = {k: v for k, v in state.items() if k not in fields.NESTING}
        if language == QueryLanguage.JSONATA:
            for place, problem in jsonata.check(own):
                self._add(f"{where}{place}", f"is no JSONata expression: {problem}")
            return
        for place, path in _paths(own, ""):
            if path.startswith("States."):
                continue
            try:
                jsonpath.parse(path)
            except PathError as error:
                self._add(f"{where}{place}", str(error))

    def _handlers(self, state: Mapping[str, Json], where: str, language: str) -> None:
        for name, allowed in (("Retry", fields.RETRY), ("Catch", fields.catch(language))):
            rules = state.get(name, ())
            for index, rule in enumerate(rules):
                place = f"{where}/{name}[{index}]"
                self._unknown(rule, allowed, place)
                names = rule.get("ErrorEquals", ())
                if not names:
                    self._add(f"{place}/ErrorEquals", "is required, with at least one name")
                if name == "Catch" and "Next" not in rule:
                    self._add(f"{place}/Next", "is required")
                if "States.ALL" in names and (len(names) > 1 or index < len(rules) - 1):
                    self._add(
                        f"{place}/ErrorEquals",
                        "States.ALL must stand alone, and in the last rule",
                    )

    def _exclusive(self, state: Mapping[str, Json], where: str) -> None:
        for name in state:
            twin = f"{name}Path"
            # A Pass state may have both Result and ResultPath: they are no twins.
            if twin in state and name != "Result":
                self._add(f"{where}/{twin}", f"cannot stand beside {name}")

    def _task(self, state: Mapping[str, Json], language: str, where: str) -> None:
        arn = state.get("Resource")
        if not isinstance(arn, str):
            return
        try:
            resource = resources.parse(arn)
        except ValueError as error:
            self._add(f"{where}/Resource", str(error))
            return
        name = "Arguments" if language == QueryLanguage.JSONATA else "Parameters"
        for problem in self.check_task(resource, state.get(name, {})):
            self._add(where, problem)

    def _choices(self, state: Mapping[str, Json], language: str, where: str) -> None:
        choices = state.get("Choices")
        if not isinstance(choices, list) or not choices:
            self._add(f"{where}/Choices", "must be a list of at least one rule")
            return
        for index, rule in enumerate(choices):
            place = f"{where}/Choices[{index}]"
            if "Next" not in rule:
                self._add(f"{place}/Next", "is required")
            if language == QueryLanguage.JSONATA:
                self._unknown(rule, fields.JSONATA_RULE, place)
                if "Condition" not in rule:
                    self._add(f"{place}/Condition", "is required")
            else:
                self._comparison(rule, place)

    def _comparison(self, rule: Mapping[str, Json], where: str) -> None:
        parts = [("And", rule.get("And")), ("Or", rule.get("Or")), ("Not", rule.get("Not"))]
        for name, part in parts:
            inner = part if isinstance(part, list) else [part] if part else []
            for index, item in enumerate(inner):
                self._comparison(item, f"{where}/{name}[{index}]")
        if any(part is not None for _, part in parts):
            return
        named = [name for name in rule if name in COMPARISONS]
        if "Variable" not in rule or len(named) != 1:
            self._add(where, "needs a Variable and exactly one comparison")
        self._unknown(rule, fields.JSONPATH_RULE | COMPARISONS, where)

    def _wait(self, state: Mapping[str, Json], where: str) -> None:
        given = [n for n in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if n in state]
        if len(given) != 1:
            self._add(where, "needs exactly one of Seconds, SecondsPath, Timestamp, TimestampPath")

    def _unknown(
        self, body: Mapping[str, Json], allowed: frozenset[str], where: str, language: str = ""
    ) -> None:
        for name in body:
            if name not in allowed:
                hint = f" in a {language} state" if language else ""
                self._add(f"{where}/{name}", f"is not a field that is allowed here{hint}")

    def _add(self, where: str, problem: str, code: str = "SCHEMA_VALIDATION_FAILED") -> None:
        self.found.append(Finding(code=code, message=problem, location=where or "/"))


def _transitions(states: Mapping[str, Json]) -> Iterator[tuple[str, str, str]]:
    """Yield each state's transitions: its name, the target, and the field."""
    for name, state in states.items():
        if not isinstance(state, dict):
            continue
        for place in ("Next", "Default"):
            if place in state:
                yield name, state[place], place
        for group in ("Choices", "Catch"):
            for index, rule in enumerate(state.get(group, ())):
                if "Next" in rule:
                    yield name, rule["Next"], f"{group}[{index}]/Next"


def _reachable(start: Json, states: Mapping[str, Json]) -> set[str]:
    following: dict[str, set[str]] = {}
    for name, target, _ in _transitions(states):
        following.setdefault(name, set()).add(target)
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in states and name not in reached:
            reached.add(name)
            waiting += following.get(name, set())
    return reached


def _is_terminal(state: Json) -> bool:
    return isinstance(state, dict) and (state.get("End") is True or state.get("Type") in _TERMINAL)


def _paths(value: Json, where: str) -> Iterator[tuple[str, str]]:
    """Yield the JSONPaths of a JSONPath state, with where they stand."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, f"{where}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            is_path = key.endswith((".$", "Path")) or key == "Variable"
            if is_path and isinstance(item, str) and where.count("Result/") == 0:
                yield f"{where}/{key}", item
            elif key != "Result":
                yield from _paths(item, f"{where}/{key}")
