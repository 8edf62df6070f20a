"""`bedrock-customization status`: what of a pipeline runs, what bills, what is left over."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bedrock_customization_local.cli.messages import ExitCode
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.retention_options import RetentionOptions
from bedrock_customization_local.cli.running import RegionOption, VerboseOption, command


class HouseFormat(StrEnum):
    """How a house is written."""

    TEXT = "text"
    JSON = "json"


StackArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="STACK",
        help="The pipeline's stack; one that was destroyed in the last 90 days will do. Without "
        "it: the only one that stands.",
        show_default=False,
    ),
]
FormatOption = Annotated[HouseFormat, typer.Option("--format", help="How to write it.")]


@with_option_groups
def status(
    *,
    stack: StackArgument = None,
    retentions: RetentionOptions,
    format: FormatOption = HouseFormat.TEXT,
    region: RegionOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show what of a pipeline runs, what bills since when, and what `cleanup` would remove.

    Of a stack that was destroyed: what still bills, and which data it left. Changes nothing.

    Exit codes: 0 shown, 1 AWS refused to show some of it, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: boto3 takes a while to import.
        from bedrock_customization_local.cli.deployed import house_text, houses

        keeper = houses.Keeper(stack, region, retentions)
        house = keeper.house()
        if format is HouseFormat.TEXT:
            house_text.print_house(console, house)
        else:
            typer.echo(houses.as_json(house))
        if house.unseen:
            raise typer.Exit(ExitCode.FAILURE)
