"""`bedrock-customization rules`: every rule of the data engine."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import typer

from bedrock_customization_local.cli.data.options import (
    MethodChoice,
    choice_of,
    complete_base_model,
)
from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_local.cli.running import VerboseOption, command


class RulesFormat(StrEnum):
    """How rules are written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def complete_rule(incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield the rules whose id begins so, with what they find, for the shell."""
    from bedrock_customization_runtime.datasets.rules import TABLE

    for rule in TABLE:
        if rule.id.startswith(incomplete):
            yield rule.id, rule.what


def rules(
    *,
    rule: Annotated[
        str | None,
        typer.Argument(
            metavar="RULE", help="Explain this rule alone.", autocompletion=complete_rule
        ),
    ] = None,
    base_model: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Only what holds for this base model.",
            autocompletion=complete_base_model,
        ),
    ] = None,
    method: Annotated[
        MethodChoice | None, typer.Option(help="Only what holds for its method, with --base-model.")
    ] = None,
    format: Annotated[
        RulesFormat, typer.Option("--format", help="How to write them.")
    ] = RulesFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """List the rules that data are checked against, or explain one of them.

    Exit codes: 0 listed, 2 there is no such rule or base model.
    """
    with command(verbose=verbose) as console:
        from bedrock_customization_local.cli.data import rule_table

        if method is not None and base_model is None:
            raise usage_error("--method needs --base-model: rules hold for record formats")
        chosen = rule_table.chosen(rule, choice_of(base_model, method) if base_model else None)
        match format:
            case RulesFormat.JSON:
                typer.echo(rule_table.as_json(chosen))
            case RulesFormat.MARKDOWN:
                typer.echo(rule_table.as_markdown(chosen))
            case RulesFormat.TEXT if rule is not None:
                rule_table.explain(console, chosen[0])
            case RulesFormat.TEXT:
                rule_table.print_table(console, chosen)
