"""The table of rules in words: for a terminal, for machines, for docs/rules.md."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import msgspec
from rich.table import Table
from rich.text import Text

from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.datasets.rules import TABLE, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bedrock_customization_local.cli.data.options import Choice
    from bedrock_customization_runtime.datasets.rules import Rule

_STYLES = {"error": "red", "warning": "yellow"}
_SOURCES = {
    Source.GUIDE: "Bedrock's user guide",
    Source.VALIDATOR: "an AWS validator",
    Source.ENGINE: "this package",
}
_ALL = "all"


def chosen(id: str | None, choice: Choice | None) -> list[Rule]:
    """Return the rules that are asked for.

    Args:
        id: Of one rule; None for all.
        choice: A base model and method, whose rules alone are wanted; None for all.

    Raises:
        CommandError: There is no such rule, or it does not hold there.
    """
    table = [rule for rule in TABLE if choice is None or choice.rules.record_format in rule.formats]
    if id is None:
        return table
    found = [rule for rule in table if rule.id == id]
    if found:
        return found
    names = [rule.id for rule in table]
    if choice is not None and any(rule.id == id for rule in TABLE):
        raise usage_error(
            f"the rule {id} does not hold for {choice.words}", "leave --base-model out to read it"
        )
    near = get_close_matches(id, names, n=1)
    question = f"; did you mean {near[0]}?" if near else ""
    raise usage_error(
        f"there is no rule {id!r}{question}", "bedrock-customization rules lists them all"
    )


def models_of(rule: Rule) -> list[str]:
    """Return the ids of the base models whose data it can hold for."""
    return [
        model.id
        for model in catalog.base_models()
        if any(method.record_format in rule.formats for method in model.methods.values())
    ]


def as_json(rules: Sequence[Rule]) -> str:
    """Return a JSON array of rules."""
    rows = [
        {
            "id": rule.id,
            "severity": rule.severity,
            "verdict": rule.verdict.value,
            "what": rule.what,
            "why": rule.why,
            "fix": rule.fix,
            "inputs": [each.value for each in rule.inputs],
            "record_formats": [each.value for each in rule.formats],
            "base_models": models_of(rule),
            "source": rule.source.value,
            "sources_disagree": rule.sources_disagree,
        }
        for rule in rules
    ]
    return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode()


def as_markdown(rules: Sequence[Rule]) -> str:
    """Return a page: a table, and below it where sources disagree."""
    head = ["rule", "severity", "what becomes of the record", "what, why, and how to mend it"]
    head += ["record formats", "who says so"]
    rows = [
        [
            f"`{rule.id}`",
            rule.severity,
            rule.verdict.value,
            escaped(f"{rule.what}: {rule.why}. *{rule.fix[0].upper()}{rule.fix[1:]}.*"),
            _formats(rule).replace("_", " "),
            _SOURCES[rule.source] + (" (sources disagree)" if rule.sources_disagree else ""),
        ]
        for rule in rules
    ]
    notes = [
        f"- `{rule.id}`: {escaped(rule.sources_disagree)}"
        for rule in rules
        if rule.sources_disagree
    ]
    lines = [head, ["---"] * len(head), *rows]
    page = ["| " + " | ".join(line) + " |" for line in lines]
    if notes:
        page += ["", "## Where sources disagree", "", *notes]
    return "\n".join(page)


def print_table(console: Console, rules: Sequence[Rule]) -> None:
    """Print a row for each rule."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("rule", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    table.add_column("record is", no_wrap=True)
    table.add_column("what it finds", ratio=1)
    for rule in rules:
        mark = Text(" (sources disagree)", style="cyan") if rule.sources_disagree else Text()
        table.add_row(
            rule.id,
            Text(rule.severity, style=_STYLES[rule.severity]),
            _fate(rule),
            Text(rule.what) + mark,
        )
    console.print(table)
    console.print()
    console.print(Text(f"{len(rules)} rules; bedrock-customization rules RULE explains one"))


def explain(console: Console, rule: Rule) -> None:
    """Print everything about one rule."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1)
    models = models_of(rule)
    everywhere = len(models) == len(catalog.base_models())
    for title, told in (
        ("what", rule.what),
        ("why", rule.why),
        ("fix", rule.fix),
        ("record is", f"{_fate(rule)} ({rule.severity})"),
        ("inputs", ", ".join(each.value for each in rule.inputs)),
        ("record formats", _formats(rule)),
        ("base models", _ALL if everywhere else ", ".join(models)),
        ("who says so", _SOURCES[rule.source]),
        ("sources disagree", rule.sources_disagree),
    ):
        if told:
            table.add_row(title, Text(told))
    console.print(Text(rule.id, style="bold"))
    console.print(table)


def _fate(rule: Rule) -> str:
    return {"reject": "rejected", "omit": "omitted", "repair": "repaired", "flag": "flagged"}[
        rule.verdict.value
    ]


def _formats(rule: Rule) -> str:
    if set(rule.formats) == set(catalog.RecordFormat):
        return _ALL
    return ", ".join(each.value for each in rule.formats)


def escaped(text: str) -> str:
    """Return a text as Markdown shows it."""
    for sign in ("\\", "|", "<", "[", "_"):
        text = text.replace(sign, f"\\{sign}")
    return text
