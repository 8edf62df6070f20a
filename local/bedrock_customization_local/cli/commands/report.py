"""`bedrock-customization report`: a run's report and model card, from its manifest alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bedrock_customization_local.cli.aws_options import Target
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat, print_json
from bedrock_customization_local.cli.running import VerboseOption, command


@with_option_groups
def report(
    *,
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="Name of a deployed pipeline's run, or ARN of its execution.",
            show_default=False,
        ),
    ] = None,
    manifest: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|S3-URI",
            help="manifest.json, on this machine or in S3, in place of a run.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER",
            help="Where the files go; of an earlier call they are replaced.",
            show_default=False,
        ),
    ],
    open_report: Annotated[
        bool, typer.Option("--open", help="Open the report in a browser.")
    ] = False,
    target: Target,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Render a run's report, and the card of the model it made, from its manifest alone.

    Writes report.html, and model-card.md and model-card.json if there is a model. A file needs no
    network and no AWS account; a run or an S3 URI is read with your AWS credentials.

    Exit codes: 0 rendered, 1 the manifest cannot be read or is none, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: the plots take a while to import.
        from bedrock_customization_local.cli.demonstration import results
        from bedrock_customization_local.cli.deployed import manifests, rendering
        from bedrock_customization_local.cli.messages import usage_error

        match run, manifest:
            case (str(), None):
                place = manifests.manifest_of(run, target)
            case (None, str()):
                place = manifest
            case _:
                raise usage_error("name either a run or --manifest")
        files = rendering.render(manifests.read_manifest(place, target), out)
        if format is OutputFormat.JSON:
            print_json({file.name: str(file.absolute()) for file in files.values()})
        else:
            results.print_files(console, files)
        if open_report:
            typer.launch(files["Report"].absolute().as_uri())
