"""`bedrock-customization status`: what of a pipeline runs, what bills, what is left over."""

from __future__ import annotations

import typer

from bedrock_customization_local.cli.aws_options import Target
from bedrock_customization_local.cli.messages import ExitCode
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat
from bedrock_customization_local.cli.retention_options import RetentionOptions
from bedrock_customization_local.cli.running import VerboseOption, command


@with_option_groups
def status(
    *,
    target: Target,
    retentions: RetentionOptions,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Show what of a pipeline runs, what bills since when, and what `cleanup` would remove.

    Of a stack that was destroyed in the last 90 days, which --stack names: what still bills, and
    which data it left. Changes nothing.

    Exit codes: 0 shown, 1 AWS refused to show some of it, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: boto3 takes a while to import.
        from bedrock_customization_local.cli.deployed import house_text, houses

        keeper = houses.Keeper(target, retentions)
        house = keeper.house()
        if format is OutputFormat.TEXT:
            house_text.print_house(console, house)
        else:
            typer.echo(houses.as_json(house))
        if house.unseen:
            raise typer.Exit(ExitCode.FAILURE)
