"""`bedrock-customization plan`: what an app makes, who may do what, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bedrock_customization_local.cli.aws_options import Target
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat
from bedrock_customization_local.cli.running import VerboseOption, command


@with_option_groups
def plan(
    *,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="[PATH]",
            help="Folder of an app, which is synthesized, or of what cdk synth wrote. Without it: "
            "this folder.",
            show_default=False,
        ),
    ] = Path(),
    data: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Estimate what a run with it costs; may be repeated."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask AWS what is deployed.")
    ] = False,
    target: Target,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Show what a deployment makes and changes, what roles may do, and what all of it costs.

    Of a stack that is deployed, each resource that would be added, changed or removed; without
    credentials that is left out, and said so. Changes nothing.

    Exit codes: 0 shown, 1 the app does not synthesize, or data cannot be used, 2 the command makes
    no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: the engine takes a while to import.
        import msgspec

        from bedrock_customization_local.cli.planning import plan as plans, plan_text
        from bedrock_customization_local.cli.planning.assemblies import assembly_of

        with assembly_of(path, region=target.region) as assembly:
            made = plans.plan(
                assembly, target, stack=target.stack, data=data or [], compare=not offline
            )
        if format is OutputFormat.JSON:
            typer.echo(msgspec.json.format(msgspec.json.encode(made), indent=2).decode())
        else:
            plan_text.print_plan(console, made)
