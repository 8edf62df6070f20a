"""Which fields a machine, a state and a rule may have, in either query language."""

from collections.abc import Mapping
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.language.definition import (
    QueryLanguage,
    StateType,
)

MACHINE: Final = frozenset(
    {"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"}
)
"""Fields of a machine."""

NESTED: Final = frozenset({"Comment", "ProcessorConfig", "QueryLanguage", "StartAt", "States"})
"""Fields of a branch or an item processor."""

NESTING: Final = frozenset({"Branches", "ItemProcessor", "Iterator"})
"""Fields that hold states."""

RETRY: Final = frozenset(
    {
        "BackoffRate",
        "Comment",
        "ErrorEquals",
        "IntervalSeconds",
        "JitterStrategy",
        "MaxAttempts",
        "MaxDelaySeconds",
    }
)
"""Fields of a Retry rule."""

JSONATA_RULE: Final = frozenset({"Assign", "Comment", "Condition", "Next", "Output"})
"""Fields of a Choice rule in JSONata."""

JSONPATH_RULE: Final = frozenset({"Assign", "Comment", "Next", "Variable"})
"""Fields of a Choice rule in JSONPath, beside its comparison."""

_COMMON: Final = frozenset({"Comment", "QueryLanguage", "Type"})
_HANDLED: Final = frozenset({"Catch", "Retry"})
_ONWARD: Final = frozenset({"Assign", "End", "Next"})

_BOTH: Final[Mapping[StateType, frozenset[str]]] = {
    StateType.CHOICE: frozenset({"Assign", "Choices", "Default"}),
    StateType.FAIL: frozenset({"Cause", "Error"}),
    StateType.MAP: _ONWARD
    | _HANDLED
    | {
        "ItemBatcher",
        "ItemProcessor",
        "ItemReader",
        "ItemSelector",
        "Label",
        "MaxConcurrency",
        "ResultWriter",
        "ToleratedFailureCount",
        "ToleratedFailurePercentage",
    },
    StateType.PARALLEL: _ONWARD | _HANDLED | {"Branches"},
    StateType.PASS: _ONWARD,
    StateType.SUCCEED: frozenset(),
    StateType.TASK: _ONWARD
    | _HANDLED
    | {"Credentials", "HeartbeatSeconds", "Resource", "TimeoutSeconds"},
    StateType.WAIT: _ONWARD | {"Seconds", "Timestamp"},
}

_JSONATA: Final[Mapping[StateType, frozenset[str]]] = {
    StateType.CHOICE: frozenset({"Output"}),
    StateType.FAIL: frozenset(),
    StateType.MAP: frozenset({"Items", "Output"}),
    StateType.PARALLEL: frozenset({"Arguments", "Output"}),
    StateType.PASS: frozenset({"Output"}),
    StateType.SUCCEED: frozenset({"Output"}),
    StateType.TASK: frozenset({"Arguments", "Output"}),
    StateType.WAIT: frozenset({"Output"}),
}

_IN_OUT: Final = frozenset({"InputPath", "OutputPath"})
_RESULT: Final = frozenset({"Parameters", "ResultPath", "ResultSelector"})

_JSONPATH: Final[Mapping[StateType, frozenset[str]]] = {
    StateType.CHOICE: _IN_OUT,
    StateType.FAIL: frozenset({"CausePath", "ErrorPath"}),
    StateType.MAP: _IN_OUT
    | _RESULT
    | {
        "ItemsPath",
        "Iterator",
        "MaxConcurrencyPath",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
    },
    StateType.PARALLEL: _IN_OUT | _RESULT,
    StateType.PASS: _IN_OUT | {"Parameters", "Result", "ResultPath"},
    StateType.SUCCEED: _IN_OUT,
    StateType.TASK: _IN_OUT | _RESULT | {"HeartbeatSecondsPath", "TimeoutSecondsPath"},
    StateType.WAIT: _IN_OUT | {"SecondsPath", "TimestampPath"},
}

REQUIRED: Final[Mapping[StateType, tuple[str, ...]]] = {
    StateType.CHOICE: ("Choices",),
    StateType.FAIL: (),
    StateType.MAP: (),
    StateType.PARALLEL: ("Branches",),
    StateType.PASS: (),
    StateType.SUCCEED: (),
    StateType.TASK: ("Resource",),
    StateType.WAIT: (),
}
"""Fields that a state must have, beside its transition."""


def of(kind: StateType, language: QueryLanguage) -> frozenset[str]:
    """Return the fields that a state may have."""
    own = _JSONATA if language is QueryLanguage.JSONATA else _JSONPATH
    return _COMMON | _BOTH[kind] | own[kind]


def catch(language: str) -> frozenset[str]:
    """Return the fields that a Catch rule may have."""
    own = "Output" if language == QueryLanguage.JSONATA else "ResultPath"
    return frozenset({"Assign", "Comment", "ErrorEquals", "Next", own})
