"""The use case: what a customization is for, what it must show and may cost, written down before.

People write it as TOML, the pipeline takes it at synth, the manifest keeps it and the report
repeats it. Only the standard library reads it, because the constructs do too.
"""

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import NotRequired, TypedDict, cast

from bedrock_customization_runtime.contract.names import MetricName

MAXIMUM_BYTES = 16_384
"""Of a file: the use case travels with each start of a run."""


class KnowledgeChanges(StrEnum):
    """How often the facts change that right answers rest on."""

    NEVER = "never"
    YEARLY = "yearly"
    MONTHLY = "monthly"
    WEEKLY = "weekly"
    DAILY = "daily"


class UseCase(TypedDict):
    """What a file states; absent is what it leaves out."""

    task: str
    metric: str
    """Value of `MetricName`."""
    owner: str
    target: NotRequired[float]
    """The metric from which the task is solved, in (0, 1]."""
    margin: NotRequired[float]
    """What the tuned model must surely gain over the base model, in [0, 1)."""
    max_cost_usd: NotRequired[float]
    """Of a run."""
    knowledge_changes: NotRequired[str]
    """Value of `KnowledgeChanges`."""


def read(body: bytes, *, name: str) -> UseCase:
    """Return the use case that a TOML file states.

    Args:
        body: The file.
        name: Of the file, for messages.

    Raises:
        ValueError: It is no TOML, or states what `check` refuses.
    """
    if len(body) > MAXIMUM_BYTES:
        raise ValueError(
            f"{name} must be at most {MAXIMUM_BYTES:,} bytes, got {len(body):,}: state the task in "
            "a few sentences and link to the rest"
        )
    try:
        table = tomllib.loads(body.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(
            f"{name} must be TOML in UTF-8, got {error}: mend it there; docs/when-to-tune.md has "
            "an example"
        ) from None
    return check(table, name=name)


def check(table: Mapping[str, object], *, name: str) -> UseCase:
    """Return a use case if each field is known and has a value that makes sense.

    Args:
        table: Fields and values.
        name: Where they stand, for messages.

    Raises:
        ValueError: A field is unknown or missing, or a value is not allowed; the message says
            which, what is allowed and what to do.
    """
    for field in table:
        if field not in _FIELDS:
            near = get_close_matches(field, _FIELDS, n=1, cutoff=0.4)
            raise ValueError(
                f"{name}: {field!r} is no field of a use case, which are {', '.join(_FIELDS)}: "
                + (f"write {near[0]}" if near else "leave it out")
            )
    for field, rule in _FIELDS.items():
        if field not in table:
            if rule.required:
                raise ValueError(
                    f"{name}: {field} is missing, allowed is {rule.allowed}: {rule.remedy}"
                )
        elif not rule.fits(table[field]):
            raise ValueError(
                f"{name}: {field} must be {rule.allowed}, got {_shown(table[field])}: {rule.remedy}"
            )
    return cast("UseCase", dict(table))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Field:
    fits: Callable[[object], bool]
    allowed: str
    remedy: str
    required: bool = False


def _text(longest: int) -> Callable[[object], bool]:
    # Step Functions would evaluate a text in {% %} as JSONata.
    return lambda value: (
        isinstance(value, str)
        and 0 < len(value.strip()) <= longest
        and not value.startswith("{%")
        and all(character.isprintable() or character == "\n" for character in value)
    )


def _number(within: Callable[[float], bool]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and within(value)
    )


def _one_of(names: type[StrEnum]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in set(names)


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:79]}…"  # noqa: PLR2004 - a line of a terminal


_FIELDS: Mapping[str, _Field] = {
    "task": _Field(
        fits=_text(2000),
        allowed="a text of 1 to 2,000 printable characters that does not start with {%",
        remedy="say what the model is to do, for whom",
        required=True,
    ),
    "metric": _Field(
        fits=_one_of(MetricName),
        allowed=f"one of {', '.join(MetricName)}",
        remedy="name what decides (docs/metrics.md)",
        required=True,
    ),
    "owner": _Field(
        fits=_text(200),
        allowed="a text of 1 to 200 printable characters that does not start with {%",
        remedy="name who answers for the use case, best a team",
        required=True,
    ),
    "target": _Field(
        fits=_number(lambda value: 0 < value <= 1),
        allowed="a number above 0 and up to 1",
        remedy="it is in units of the metric, 0.9 means 90 %",
    ),
    "margin": _Field(
        fits=_number(lambda value: 0 <= value < 1),
        allowed="a number from 0 to below 1",
        remedy="it is in units of the metric, 0.02 means two points",
    ),
    "max_cost_usd": _Field(
        fits=_number(lambda value: 0 < value <= 1e9),  # noqa: PLR2004 - as `max_cost_usd`
        allowed="a number above 0 and up to 1e9",
        remedy="it is what a run may cost in US dollars",
    ),
    "knowledge_changes": _Field(
        fits=_one_of(KnowledgeChanges),
        allowed=f"one of {', '.join(KnowledgeChanges)}",
        remedy="say how often the facts change that right answers rest on",
    ),
}
