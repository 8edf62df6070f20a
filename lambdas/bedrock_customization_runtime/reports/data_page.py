"""The report on a data set as one HTML page: no script, no network, the same bytes for a report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.datasets.checking import excerpts
from bedrock_customization_runtime.datasets.checking.rejections import RejectedLine
from bedrock_customization_runtime.reports.pages import template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bedrock_customization_runtime.datasets.checking.excerpts import Excerpt
    from bedrock_customization_runtime.datasets.checking.rejections import RejectedProblem
    from bedrock_customization_runtime.datasets.examined import Examined
    from bedrock_customization_runtime.datasets.profile import Bin
    from bedrock_customization_runtime.datasets.report import Report

_MOST_EXAMPLES = 20
_EXAMPLES_PER_RULE = 2
_LINES_LOOKED_AT = 1_000
_MOST_BARS = 20
_BEFORE = 80
_PART = 160
_AFTER = 60
_OMITTED = "Logs that are no training data; the table of rules counts why."
_decode = msgspec.json.Decoder(RejectedLine).decode


@dataclass(frozen=True, slots=True)
class Example:
    """A part of a rejected record, masked."""

    place: str
    rule: str
    reason: str
    excerpt: Excerpt


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart."""

    label: str
    number: int
    share: float
    """Of all bars together, in [0, 1]."""
    width: float
    """Of the longest bar, in [0, 1]."""


def render(report: Report, examples: Sequence[Example] = ()) -> str:
    """Return the page. Everything that a report says is escaped.

    Args:
        report: On a data set, refused or not.
        examples: Parts of rejected records, for a page that stays where the data are.
    """
    prepared = report.prepared
    profile = prepared.profile if prepared else None
    return template("data.html.jinja").render(
        report=report,
        prepared=prepared,
        profile=profile,
        examples=examples,
        fates=_fates(report),
        tokens=histogram_bars(prepared.tokens_histogram) if prepared else [],
        clusters=histogram_bars(prepared.clusters_histogram) if prepared else [],
        questions=histogram_bars(profile.question_characters) if profile else [],
        answers=histogram_bars(profile.answer_characters) if profile else [],
        systems=bars(profile.writing_systems) if profile else [],
        labels=bars(prepared.label_counts) if prepared else [],
        personal_data=bars(report.personal_data),
    )


def examples(examined: Examined) -> list[Example]:
    """Return parts of the first rejected records, a few for each rule, masked."""
    shown: Counter[str] = Counter()
    found: list[Example] = []
    for body in islice(examined.rejected_lines(), _LINES_LOOKED_AT):
        line = _decode(body)
        place = f"{line.file}:{line.line}" if line.file else f"line {line.line}"
        for problem in line.problems:
            part = None if shown[problem.rule] == _EXAMPLES_PER_RULE else _part(line, problem)
            if part is not None:
                shown[problem.rule] += 1
                found.append(Example(place, problem.rule, problem.reason, part))
        if len(found) >= _MOST_EXAMPLES:
            break
    return found


def bars(counts: Mapping[str, int]) -> list[Bar]:
    """Return the largest counts, largest first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return _bars(ordered[:_MOST_BARS], sum(counts.values()))


def histogram_bars(bins: Sequence[Bin]) -> list[Bar]:
    """Return the bins of a histogram with their ranges, in their order."""
    ordered: list[tuple[str, int]] = []
    for each in bins:
        lower = each.up_to // 2 + 1
        label = f"{each.up_to:,}" if lower >= each.up_to else f"{lower:,} to {each.up_to:,}"
        ordered.append((label, each.records))
    return _bars(ordered, sum(each.records for each in bins))


def _bars(ordered: Iterable[tuple[str, int]], total: int) -> list[Bar]:
    rows = list(ordered)
    longest = max((number for _, number in rows), default=0)
    return [
        Bar(label, number, number / max(1, total), number / max(1, longest))
        for label, number in rows
    ]


def _fates(report: Report) -> list[tuple[str, int, str]]:
    prepared = report.prepared
    omitted = [("Omitted", report.omitted, _OMITTED)] if report.omitted else []
    if prepared is None:
        return [
            ("Usable", report.accepted, "Not used either: the data set as a whole was refused."),
            ("Rejected", report.rejected, "They break a rule."),
            *omitted,
        ]
    return [
        ("Training", prepared.train, "The model learns from them."),
        ("Validation", prepared.validation, "They show whether it learns or memorizes."),
        ("Blind test", prepared.test, "Models are compared on them; training never sees them."),
        ("Exact copies", prepared.duplicates, "Left out: they repeat others."),
        ("Quoting the blind set", prepared.left_out, "Left out: training would know the answers."),
        ("Rejected", report.rejected, "Left out: they break a rule."),
        *omitted,
    ]


def _part(line: RejectedLine, problem: RejectedProblem) -> Excerpt | None:
    found = excerpts.excerpt(line, problem)
    if found is None:
        return None
    return excerpts.Excerpt(
        before=found.before[-_BEFORE:],
        part=found.part[:_PART],
        after=found.after[:_AFTER],
        begins=found.begins and len(found.before) <= _BEFORE,
        ends=found.ends and len(found.part) <= _PART and len(found.after) <= _AFTER,
    )
