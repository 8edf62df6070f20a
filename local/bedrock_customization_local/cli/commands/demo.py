"""`bedrock-customization demo`: the whole lifecycle on this machine, with the user's own app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bedrock_customization_local.cli.demonstration.request import BASE_MODEL, REPORTS, Request
from bedrock_customization_local.cli.running import VerboseOption, command


def demo(
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Your own .csv or .jsonl file. Without it: questions to a bank."
        ),
    ] = None,
    base_model: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help=f"Base model to customize. Without it: your app's, or {BASE_MODEL}."
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of FILE that holds the answers.")
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="COLUMN",
            help="Column that is asked with; may be repeated. Without it: all others.",
        ),
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column whose equal values stay on one side of the split."
        ),
    ] = None,
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="System prompt of every record.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the local AWS up to explore, until Ctrl-C.")
    ] = False,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, metavar="PORT", help="Port of the local AWS; 0 is any free one."
        ),
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help=f"Folder for report, manifest and the like. Without it: {REPORTS}/RUN/ here.",
        ),
    ] = None,
    verbose: VerboseOption = False,
) -> None:
    """Prepare data, customize a model, prove it better and promote it, all on this machine.

    Synthesizes the CDK app of this folder (without a cdk.json: the ready-made one), deploys it to
    an AWS that runs inside this command, and runs its pipeline to the end. Nothing leaves this
    machine, no account is needed and nothing is billed.

    Exit codes: 0 the run came to a decision, 1 it failed, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        from bedrock_customization_local.cli.demonstration import run

        run.run(
            console,
            Request(
                data=data,
                base_model=base_model,
                target=target,
                inputs=tuple(inputs or ()),
                group_by=group_by,
                system=system,
                keep=keep,
                port=port,
                output=output,
                verbose=verbose,
            ),
        )
