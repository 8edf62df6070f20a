"""Which rules were broken how often, and where first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_customization_runtime.datasets.rules import Rule

LINES_KEPT = 10
_LINE_BITS = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that some records broke."""

    rule: Rule
    count: int
    """Records, or for a rule of the whole data set 1."""
    lines: tuple[int, ...]
    """The first few, from 1."""
    detail: str | None = None
    """Figures, for a rule of the whole data set."""
    files: tuple[str, ...] = ()
    """Where each of the lines stands, if the data set has several sources."""

    @property
    def places(self) -> tuple[str, ...]:
        """The first lines, as `file:line` where there are several sources."""
        if not self.files:
            return tuple(map(str, self.lines))
        return tuple(f"{file}:{line}" for file, line in zip(self.files, self.lines, strict=True))

    @property
    def message(self) -> str:
        """What, why and how to mend it, in one line."""
        what = f"{self.rule.what} ({self.detail})" if self.detail else self.rule.what
        return f"{what}: {self.rule.why}; {self.rule.fix}"


def first_place(source: int) -> int:
    """Return what lies before the first line of a source, by the source's number from 0."""
    return source << _LINE_BITS


class Findings:
    """Counts findings: a few numbers per rule, however many records.

    A record's place is its line, and with several sources also which of them: one number.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._lines: dict[str, list[int]] = {}
        self._last: dict[str, int] = {}
        self._rules: dict[str, Rule] = {}
        self._details: dict[str, str] = {}
        self._sources: list[str] = []

    def begin_source(self, name: str) -> None:
        """Say that the lines that follow stand in another source than those before."""
        self._sources.append(name)

    def place(self, line: int) -> int:
        """Return the place of a line of the newest source."""
        return first_place(max(0, len(self._sources) - 1)) + line

    def note(self, rule: Rule, place: int) -> None:
        """Count a rule for the record there; once, however often the record breaks it."""
        if self._last.get(rule.id) == place:
            return
        self._last[rule.id] = place
        self._rules[rule.id] = rule
        self._counts[rule.id] = self._counts.get(rule.id, 0) + 1
        lines = self._lines.setdefault(rule.id, [])
        if len(lines) < LINES_KEPT:
            lines.append(place)

    def add(self, rule: Rule, count: int, places: Iterable[int]) -> None:
        """Count a rule for many records at once, of places after all those noted before.

        Args:
            rule: The rule.
            count: Records that broke it.
            places: The first few of them.
        """
        self._rules[rule.id] = rule
        self._counts[rule.id] = self._counts.get(rule.id, 0) + count
        kept = self._lines.setdefault(rule.id, [])
        kept.extend(islice(places, LINES_KEPT - len(kept)))

    def noted(self) -> list[tuple[Rule, int, tuple[int, ...]]]:
        """Return each rule that records broke, how many did, and the first few places."""
        return [
            (self._rules[name], self._counts[name], tuple(places))
            for name, places in self._lines.items()
        ]

    def note_whole(self, rule: Rule, detail: str) -> None:
        """Count a rule that the data set as a whole breaks."""
        self._rules[rule.id] = rule
        self._counts[rule.id] = 1
        self._details[rule.id] = detail

    def all(self) -> list[Finding]:
        """Return the findings: rejections first, then by how many records, then by name."""
        found = [
            Finding(
                rule,
                self._counts[name],
                tuple(place & ((1 << _LINE_BITS) - 1) for place in self._lines.get(name, ())),
                self._details.get(name),
                self._files_of(self._lines.get(name, [])),
            )
            for name, rule in self._rules.items()
        ]
        return sorted(found, key=lambda item: (item.rule.severity, -item.count, item.rule.id))

    def _files_of(self, places: list[int]) -> tuple[str, ...]:
        if not self._sources:
            return ()
        return tuple(self._sources[place >> _LINE_BITS] for place in places)
