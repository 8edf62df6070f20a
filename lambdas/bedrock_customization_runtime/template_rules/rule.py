"""What a rule of templates is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template


class Severity(StrEnum):
    """What follows from a broken rule."""

    ERROR = "error"
    """Someone can do what they must not, or something fails, is lost or bills unnoticed."""
    WARNING = "warning"
    """A safeguard is missing."""


@dataclass(frozen=True, slots=True)
class Found:
    """A place where a rule is broken."""

    resource: Resource
    path: str
    """Within the resource: a property, a statement, a state."""
    what: str
    """What stands there, in words that follow a colon."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. The sentences start in lower case."""

    id: str
    title: str
    """What it finds."""
    why: str
    fix: str
    severity: Severity
    anchor: str
    """Address of the page that says so."""
    check: Callable[[Template], Iterator[Found]]
    """Never raises, whatever the template holds."""


def rule(
    *, id: str, title: str, why: str, fix: str, anchor: str, severity: Severity = Severity.ERROR
) -> Callable[[Callable[[Template], Iterator[Found]]], Rule]:
    """Make a rule of the function that looks for what breaks it.

    Args:
        id: In words with hyphens; users acknowledge it.
        title: What it finds.
        why: What happens otherwise.
        fix: What to do.
        anchor: Address of the page that says so.
        severity: What follows.
    """

    def made(check: Callable[[Template], Iterator[Found]]) -> Rule:
        return Rule(
            id=id, title=title, why=why, fix=fix, severity=severity, anchor=anchor, check=check
        )

    return made
