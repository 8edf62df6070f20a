"""`bedrock-customization rollback`: point the alias at what an earlier run promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bedrock_customization_local.cli.aws_options import Target
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat, print_json
from bedrock_customization_local.cli.running import VerboseOption, command

if TYPE_CHECKING:
    from rich.console import Console

    from bedrock_customization_runtime.promotion.alias import PromotionRecord


@with_option_groups
def rollback(
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="RUN", help="The run to go back to. Without it: undo the last move."
        ),
    ] = None,
    list_moves: Annotated[
        bool, typer.Option("--list", help="List what the alias has named, and change nothing.")
    ] = False,
    target: Target,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Point the alias at the model of an earlier run, if it still answers.

    Exit codes: 0 pointed or listed, 1 the model does not answer or AWS refused, 2 the command makes
    no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: boto3 takes a while to import.
        from msgspec import to_builtins

        from bedrock_customization_local.cli.deployed import rollbacks

        if list_moves:
            record = rollbacks.moves(target)
            if format is OutputFormat.JSON:
                print_json([to_builtins(move) for move in record.history])
            else:
                _print_history(console, record)
            return
        alias, move = rollbacks.roll_back(to, target)
        if format is OutputFormat.JSON:
            print_json({"alias_parameter": alias, "move": to_builtins(move)})
            return
        console.print(f"{alias} names {move.arn} of run {move.run}", markup=False)


def _print_history(console: Console, record: PromotionRecord) -> None:
    from rich.table import Table

    from bedrock_customization_runtime.reports import wording

    table = Table("When", "Move", "Run", "What consumers invoke", "By")
    for move in record.history:
        table.add_row(
            wording.moment(move.moved), move.kind, move.run, move.arn, move.by or "the gate"
        )
    console.print(table)
