"""`bedrock-customization doctor`: what would stop a run, found before it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bedrock_customization_local.cli.aws_options import Target
from bedrock_customization_local.cli.data.options import complete_base_model
from bedrock_customization_local.cli.messages import ExitCode
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat, print_json
from bedrock_customization_local.cli.running import VerboseOption, command


@with_option_groups
def doctor(
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Look at this machine alone, and ask no AWS.")
    ] = False,
    base_model: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Base model to be customized. Without it: the deployed pipeline's, or that of the "
            "context in cdk.json.",
            autocompletion=complete_base_model,
        ),
    ] = None,
    target: Target,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Look for what stops a synth, a deployment or a run, and say what to do.

    On this machine: the app of this folder, its Python, Node, the CDK's command line, libraries,
    disk, memory, proxy. Of the account: credentials, clock, bootstrap, base model, quotas, logging.
    Of a deployed pipeline: its stack, keys, alias, dead letters, subscribers. Changes nothing, and
    asks no model.

    Exit codes: 0 nothing stops a run, 1 something does, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: boto3 takes a while to import.
        from bedrock_customization_local.cli.health import examination, findings_text

        parts = []
        for part in examination.examine(Path.cwd(), target, base_model=base_model, offline=offline):
            parts.append(part)
            if format is OutputFormat.TEXT:
                findings_text.print_part(console, part)
        found = findings_text.document(parts)
        if format is OutputFormat.JSON:
            print_json(found)
        else:
            findings_text.print_verdict(console, parts)
        if found["stops_a_run"]:
            raise typer.Exit(ExitCode.FAILURE)
