"""What `inspect-model` found, for people: a row for each finding, the verdict, and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from rich.table import Table
from rich.text import Text

from bedrock_customization_runtime import catalog

if TYPE_CHECKING:
    from rich.console import Console

    from bedrock_customization_runtime.weights import Finding, Inspection

_STYLES = {"error": "red", "warning": "yellow"}


def print_inspection(
    console: Console, place: str, inspection: Inspection, *, region: str | None, is_strict: bool
) -> None:
    """Print everything.

    Args:
        console: Where to.
        place: Of the folder, as it was typed.
        inspection: What was found.
        region: Where the model is to be imported; None where that was left out.
        is_strict: Whether warnings count as errors.
    """
    if inspection.findings:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
        table.add_column(no_wrap=True, min_width=len("warning"))
        table.add_column(ratio=1)
        for finding in inspection.findings:
            table.add_row(_severity(finding), _told(finding))
        console.print(table)
        console.print()
    console.print(_model(inspection))
    console.print(_files(inspection))
    console.print(_verdict(place, inspection, region, is_strict=is_strict))


def as_json(place: str, inspection: Inspection, *, region: str | None) -> str:
    """Return a JSON object for machines."""
    document = {
        "folder": place,
        "region": region,
        "can_be_imported": inspection.can_be_imported,
        "architecture": inspection.architecture,
        "family": inspection.family,
        "parameters": inspection.parameters,
        "dtypes": inspection.dtypes,
        "bytes": inspection.bytes,
        "context_length": inspection.context_length,
        "is_multimodal": inspection.is_multimodal,
        "chat_template": inspection.chat_template,
        "findings": [
            {
                "rule": each.rule.id,
                "severity": each.rule.severity.value,
                "file": each.file,
                "what": each.rule.what,
                "found": each.found,
                "count": each.count,
                "allowed": each.allowed,
                "why": each.rule.why,
                "fix": each.rule.fix,
                "source": each.rule.source.value,
                "sources_disagree": each.rule.sources_disagree,
            }
            for each in inspection.findings
        ],
        "staged": inspection.staged,
        "ignored": inspection.ignored,
        "limits_as_of": catalog.import_rules().as_of,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _severity(finding: Finding) -> Text:
    severity = finding.rule.severity.value
    return Text(severity, style=_STYLES[severity])


def _told(finding: Finding) -> Text:
    rule = finding.rule
    return Text.assemble(
        (rule.id, "bold"),
        f"  {finding.file}" if finding.file else "",
        f"\n{rule.what}: {rule.why}\nfound    {finding.all_found}\nallowed  {finding.allowed}\n",
        (f"fix      {rule.fix}", "dim"),
    )


def _model(inspection: Inspection) -> Text:
    parts = [inspection.architecture or "no architecture that Bedrock imports"]
    if inspection.family:
        parts.append(inspection.family)
    dtypes = f" of {', '.join(inspection.dtypes)}" if inspection.dtypes else ""
    parts.append(f"{inspection.parameters:,} parameters{dtypes}")
    if inspection.context_length:
        parts.append(f"context of {inspection.context_length:,} tokens")
    parts.append("chat template" if inspection.chat_template else "no chat template")
    return Text("; ".join(parts))


def _files(inspection: Inspection) -> Text:
    staged, ignored = len(inspection.staged), len(inspection.ignored)
    left = f", {_number(ignored, 'file')} left out" if ignored else ""
    return Text(f"{_number(staged, 'file')} to copy, {inspection.bytes:,} bytes{left}")


def _verdict(place: str, inspection: Inspection, region: str | None, *, is_strict: bool) -> Text:
    errors = len(inspection.errors)
    warnings = len(inspection.findings) - errors
    counts = f"{_number(errors, 'error')}, {_number(warnings, 'warning')}"
    where = f" in {region}" if region else ""
    if errors:
        told = f"{place}: {counts}: Bedrock would not import it{where}"
        return Text.assemble(("✗ ", "bold red"), told)
    if warnings and is_strict:
        return Text.assemble(("✗ ", "bold yellow"), f"{place}: {counts}: --strict allows none")
    return Text.assemble(("✓ ", "bold green"), f"{place}: {counts}: ready to import{where}")


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
