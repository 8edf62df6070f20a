"""What `validate` found, for people: a table of rules, some of the lines, the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from bedrock_customization_local.cli.data.excerpts import marked
from bedrock_customization_local.cli.data.findings_table import FindingRow, findings_table
from bedrock_customization_local.cli.data.skipped_files import print_skipped
from bedrock_customization_runtime.datasets.checking.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bedrock_customization_local.cli.data.validation import FileVerdict, RuleCount, Validation
    from bedrock_customization_runtime.datasets.checking.rejections import RejectedLine

_PROBLEMS_SHOWN = 5
_INDENT = 4


def print_validation(console: Console, validation: Validation, *, max_shown: int) -> None:
    """Print everything.

    Args:
        console: Where to; parts of records are shown only if it is a terminal.
        validation: What was found.
        max_shown: Rejected records to show.
    """
    print_skipped(console, validation.found)
    print_findings(console, validation)
    _print_rejected(console, validation.files, max_shown)
    for refusal in validation.refusals:
        console.print()
        console.print(Text.assemble(("refused: ", "bold red"), refusal))
    if validation.rule_counts or validation.refusals:
        console.print()
    console.print(verdict(validation))


def print_findings(console: Console, validation: Validation) -> None:
    """Print the rules that records broke, and how many did."""
    if validation.rule_counts:
        console.print(
            findings_table([_row(each) for each in validation.rule_counts], console.width)
        )


def verdict(validation: Validation) -> Text:
    """Return the last line: whether the data can be used."""
    records = _number(validation.read, "record")
    files = f" in {len(validation.files):,} files" if len(validation.files) > 1 else ""
    warnings = _number(validation.warnings, "warning")
    omitted = f", {validation.omitted:,} omitted" if validation.omitted else ""
    if validation.rejected or validation.refusals:
        told = f"{validation.rejected:,} of {records}{files} rejected{omitted}, {warnings}: "
        return Text.assemble(("✗ ", "bold red"), told, f"not ready for {validation.choice.words}")
    told = f"{records}{files}, none rejected{omitted}, {warnings}: "
    if validation.is_clean:
        return Text.assemble(("✓ ", "bold green"), told, f"ready for {validation.choice.words}")
    return Text.assemble(("✗ ", "bold yellow"), told, "--strict allows no warning")


def _print_rejected(console: Console, files: Sequence[FileVerdict], max_shown: int) -> None:
    listed = [(file, line) for file in files for line in file.rejected_lines]
    for file, line in listed[:max_shown]:
        _print_line(console, file, line)
    rejected = sum(file.rejected for file in files)
    if max_shown and rejected > max_shown:
        more = _number(rejected - max_shown, "more rejected record")
        console.print()
        console.print(Text(f"… and {more}: --max-shown, or --format json", style="dim"))


def _print_line(console: Console, file: FileVerdict, line: RejectedLine) -> None:
    console.print()
    for number, problem in enumerate(line.problems[:_PROBLEMS_SHOWN]):
        place = f"{file.name}:{line.line}" if number == 0 else ""
        console.print(
            Text.assemble((f"{place}  " if place else "  ", "bold"), (problem.rule, "red"), "  ")
            + Text(problem.reason)
        )
        shown = excerpt(line, problem) if console.is_terminal else None
        if shown is not None:
            told = marked(shown, console.width - _INDENT)
            console.print(Padding(told, (0, 0, 0, _INDENT)), no_wrap=True, crop=True)
    more = len(line.problems) - _PROBLEMS_SHOWN
    if more > 0:
        console.print(Text(f"  … and {_number(more, 'more problem')} of this record", style="dim"))


def _row(count: RuleCount) -> FindingRow:
    rule = count.rule
    return FindingRow(
        rule=rule.id,
        severity=rule.severity,
        count=count.count,
        places=count.places,
        what=f"{rule.what} ({count.detail})" if count.detail else rule.what,
        fix=rule.fix,
    )


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
