"""`bedrock-customization cleanup`: take away what runs left, by the scheduled rounds' rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bedrock_customization_local.cli.aws_options import Target
from bedrock_customization_local.cli.messages import ExitCode
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat
from bedrock_customization_local.cli.retention_options import RetentionOptions
from bedrock_customization_local.cli.running import VerboseOption, command

if TYPE_CHECKING:
    from bedrock_customization_runtime.housekeeping.findings import Finding


@with_option_groups
def cleanup(
    *,
    target: Target,
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove what is listed without asking.")
    ] = False,
    retentions: RetentionOptions,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """List what runs of a pipeline left over, ask, and remove it.

    Nothing is removed that a running execution uses, that the alias names or that a rollback needs.
    Of a stack that was destroyed in the last 90 days, which --stack names, all that bills by the
    hour goes, the live deployment too, and what the stack left behind is listed. JSON is for
    machines: without --yes nothing is removed.

    Exit codes: 0 nothing is left, or nothing was to be removed, 1 something could not be removed or
    looked at, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: boto3 takes a while to import.
        from bedrock_customization_local.cli.deployed import house_text, houses

        is_text = format is OutputFormat.TEXT
        keeper = houses.Keeper(target, retentions)
        house = keeper.house()
        if is_text:
            house_text.print_house(console, house)

        def tell(finding: Finding) -> None:
            if is_text:
                house_text.print_outcome(console, finding)

        count = len(house.removable)
        if count and (yes or (is_text and typer.confirm(f"Remove these {count}?"))):
            house = keeper.clean_up(house, done=tell)
        if not is_text:
            typer.echo(houses.as_json(house))
        if house.unseen or any(finding.outcome == "failed" for finding in house.findings):
            raise typer.Exit(ExitCode.FAILURE)
