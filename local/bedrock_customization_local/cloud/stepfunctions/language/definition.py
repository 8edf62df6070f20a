"""A state machine's definition, read once: states, their language, what runs inside them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bedrock_customization_local.cloud.untyped import Json


class QueryLanguage(StrEnum):
    """What the expressions of a state are written in."""

    JSONATA = "JSONata"
    JSONPATH = "JSONPath"


class StateType(StrEnum):
    """The kinds of state."""

    CHOICE = "Choice"
    FAIL = "Fail"
    MAP = "Map"
    PARALLEL = "Parallel"
    PASS = "Pass"
    SUCCEED = "Succeed"
    TASK = "Task"
    WAIT = "Wait"


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """One state.

    Args:
        name: Its name in the machine.
        type: Its kind.
        language: The language of its expressions.
        body: Its fields as written.
        branches: What a Parallel state runs side by side.
        processor: What a Map state runs for each item.
    """

    name: str
    type: StateType
    language: QueryLanguage
    body: Mapping[str, Json]
    branches: tuple["StateList", ...] = ()
    processor: "StateList | None" = None

    @property
    def following(self) -> str | None:
        """The next state's name; None at the end."""
        following: str | None = self.body.get("Next")
        return following

    @property
    def is_distributed(self) -> bool:
        """Whether a Map state starts a child execution for each item."""
        processor = self.body.get("ItemProcessor", {})
        return bool(processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED")


@dataclass(frozen=True, kw_only=True, slots=True)
class StateList:
    """States that hand on to one another: a machine, a branch or an item processor.

    Args:
        start_at: Where it begins.
        states: The states by name.
        body: The fields as written, such as `TimeoutSeconds` and `ProcessorConfig`.
    """

    start_at: str
    states: Mapping[str, State]
    body: Mapping[str, Json]


def parse(text: str) -> StateList:
    """Read a definition that `validation.findings` has nothing against.

    Args:
        text: Amazon States Language.
    """
    return read(json.loads(text), QueryLanguage.JSONPATH)


def read(body: Mapping[str, Json], inherited: QueryLanguage) -> StateList:
    """Read a list of states.

    Args:
        body: The object that holds `StartAt` and `States`.
        inherited: The language of states that name none.
    """
    language = QueryLanguage(body.get("QueryLanguage", inherited))
    states = {name: read_state(name, fields, language) for name, fields in body["States"].items()}
    return StateList(start_at=body["StartAt"], states=states, body=body)


def read_state(name: str, body: Mapping[str, Json], inherited: QueryLanguage) -> State:
    """Read one state.

    Args:
        name: Its name.
        body: Its fields.
        inherited: Its language, if it names none.
    """
    # Only the machine's language is inherited: a Parallel or Map state keeps its own to itself.
    processor = body.get("ItemProcessor", body.get("Iterator"))
    return State(
        name=name,
        type=StateType(body["Type"]),
        language=QueryLanguage(body.get("QueryLanguage", inherited)),
        body=body,
        branches=tuple(read(branch, inherited) for branch in body.get("Branches", ())),
        processor=read(processor, inherited) if processor is not None else None,
    )
