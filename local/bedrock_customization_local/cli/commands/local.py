"""`bedrock-customization local`: the embedded AWS by itself."""

from __future__ import annotations

from typing import Annotated

import typer

from bedrock_customization_local.cli.help_examples import epilog
from bedrock_customization_local.cli.running import REGION, TIME_SCALE, VerboseOption, command

local = typer.Typer(help="The embedded AWS on this machine.", no_args_is_help=True)


@local.callback()
def _main() -> None:
    """Keep `up` a command of its own: typer would fold a single one into `local`."""


@local.command(epilog=epilog("local up"))
def up(
    *,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, metavar="PORT", help="Port; 0 is any free one."),
    ] = 4599,
    time_scale: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="X",
            help="What a second of waiting in AWS lasts, in seconds.",
        ),
    ] = TIME_SCALE,
    region: Annotated[str, typer.Option(metavar="REGION", help="The Region it plays.")] = REGION,
    verbose: VerboseOption = False,
) -> None:
    """Start an empty AWS on this machine, and leave it up until Ctrl-C."""
    with command(verbose=verbose) as console:
        # Not for --help: moto takes seconds to import.
        from bedrock_customization_local.cli.demonstration import explore, lifecycle
        from bedrock_customization_local.cli.demonstration.workspace import workspace

        with (
            workspace(),
            lifecycle.local_cloud(region=region, port=port, time_scale=time_scale) as cloud,
        ):
            explore.print_environment(console, cloud)
            explore.print_deployment(console)
            explore.wait_for_end(console)
