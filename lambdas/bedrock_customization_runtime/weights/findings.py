"""Which rules a folder breaks, in which file, by what."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace

from bedrock_customization_runtime.weights.rules import TABLE, Rule, Severity

_SHOWN = 80
"""Characters of a name or value that are told."""
_ITEMS_SHOWN = 4
_LONGEST_NUMBER = 1024
"""Bits: Python refuses to write numbers of many thousand digits."""
_ORDER = {rule.id: number for number, rule in enumerate(TABLE)}


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a file breaks, or that the folder as a whole does."""

    rule: Rule
    file: str | None
    """None for the folder."""
    found: str
    """The first of them, if there are several."""
    allowed: str
    count: int = 1
    """How often this file breaks this rule."""

    @property
    def is_error(self) -> bool:
        """Whether the model cannot be imported."""
        return self.rule.severity is Severity.ERROR

    @property
    def all_found(self) -> str:
        """What was found, and how many more."""
        return self.found if self.count == 1 else f"{self.found}, and {self.count - 1:,} more"

    @property
    def message(self) -> str:
        """What, where, what is allowed, why, and how to mend it, in one line."""
        place = f"{self.file}: " if self.file else ""
        return (
            f"{place}{self.rule.what} (found {self.all_found}; allowed: {self.allowed}): "
            f"{self.rule.why}; {self.rule.fix}"
        )


class Findings:
    """Collects findings: one for each rule and file, however often the file breaks it."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str | None], Finding] = {}
        self._counts: Counter[tuple[str, str | None]] = Counter()

    def note(self, rule: Rule, file: str | None, found: str, *, allowed: str | None = None) -> None:
        """Count a rule for a file.

        Args:
            rule: That is broken.
            file: By its name; None for the folder.
            found: Kept of the first one alone.
            allowed: If the rule's own words are not exact enough.
        """
        key = rule.id, file
        self._counts[key] += 1
        if key not in self._first:
            name = None if file is None else shown(file)
            self._first[key] = Finding(rule, name, found, allowed or rule.allowed)

    def findings(self) -> tuple[Finding, ...]:
        """Return all, errors first, in the order of the rules."""
        return tuple(
            sorted(
                (replace(each, count=self._counts[key]) for key, each in self._first.items()),
                key=lambda each: (not each.is_error, _ORDER[each.rule.id], each.file or ""),
            )
        )


def shown(value: object) -> str:
    """Return a value of the folder's as one can print it: one short line, no control characters."""
    match value:
        case str():
            cut = value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…"
            return cut if cut.isprintable() else "".join(map(_printable, cut))
        case None | bool() | float():
            return json.dumps(value)
        case int():
            is_long = value.bit_length() > _LONGEST_NUMBER
            return "a number of hundreds of digits" if is_long else str(value)
        case list():
            more = ", …" if len(value) > _ITEMS_SHOWN else ""
            return shown(f"[{', '.join(map(_item, value[:_ITEMS_SHOWN]))}{more}]")
        case _:
            return "an object"


def _printable(sign: str) -> str:
    return sign if sign.isprintable() else f"\\u{ord(sign):04x}"


def _item(value: object) -> str:
    return "a list" if isinstance(value, list) else shown(value)
