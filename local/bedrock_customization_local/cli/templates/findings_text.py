"""What `check` found, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bedrock_customization_runtime.template_rules import TABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bedrock_customization_local.cli.templates.files import CheckedTemplate
    from bedrock_customization_runtime.template_rules import Finding

_STYLES = {"error": "red", "warning": "yellow"}


def print_findings(
    console: Console, templates: Sequence[CheckedTemplate], *, is_strict: bool
) -> None:
    """Print what breaks a rule, by template and rule, and a verdict."""
    for template in templates:
        if not template.findings:
            continue
        console.print(Text(template.file, style="bold"))
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1)
        for findings in _by_rule(template.findings):
            rule = findings[0].rule
            severity = Text(rule.severity.value, style=_STYLES[rule.severity.value])
            table.add_row(severity, Text.assemble((rule.id, "bold"), f"  {rule.title}"))
            for each in findings:
                place = each.construct_path or each.logical_id
                table.add_row("", Text(f"{place}, {each.path}: {each.found}"))
            table.add_row("", Text(f"why  {rule.why}", style="dim"))
            table.add_row("", Text(f"fix  {rule.fix}", style="dim"))
        console.print(table)
        console.print()
    _print_verdict(console, templates, is_strict=is_strict)


def _by_rule(findings: Sequence[Finding]) -> list[list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for each in sorted(findings, key=lambda each: not each.is_error):
        found.setdefault(each.rule.id, []).append(each)
    return list(found.values())


def _print_verdict(
    console: Console, templates: Sequence[CheckedTemplate], *, is_strict: bool
) -> None:
    findings = [each for template in templates for each in template.findings]
    errors = sum(each.is_error for each in findings)
    warnings = len(findings) - errors
    is_good = not errors and not (is_strict and warnings)
    resources = sum(template.resources for template in templates)
    console.print(
        Text(
            f"{'✓' if is_good else '✗'} {_count(errors, 'error')}, {_count(warnings, 'warning')}: "
            f"{_count(resources, 'resource')} of {_count(len(templates), 'template')} held against "
            f"{len(TABLE)} rules",
            style="green" if is_good else "red",
        )
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
