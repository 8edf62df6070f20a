"""`bedrock-customization rollback`: point the alias at what an earlier run promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bedrock_customization_local.cli.running import (
    RegionOption,
    StackOption,
    VerboseOption,
    command,
)

if TYPE_CHECKING:
    from rich.console import Console

    from bedrock_customization_runtime.promotion.alias import PromotionRecord


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
    stack: StackOption = None,
    region: RegionOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Point the alias at the model of an earlier run, if it still answers."""
    with command(verbose=verbose) as console:
        # Not for --help: boto3 takes a while to import.
        from bedrock_customization_local.cli.deployed import rollbacks

        if list_moves:
            _print_history(console, rollbacks.moves(stack=stack, region=region))
            return
        alias, move = rollbacks.roll_back(to, stack=stack, region=region)
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
