"""`bedrock-customization report`: a run's report and model card, from its manifest alone."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from bedrock_customization_local.cli.running import VerboseOption, command


def report(
    *,
    manifest: Annotated[
        str,
        typer.Option(
            metavar="FILE|S3-URI",
            help="manifest.json of a run, on this machine or in S3.",
            show_default=False,
        ),
    ],
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
    verbose: VerboseOption = False,
) -> None:
    """Render a run's report, and the model card of its model, from its manifest alone.

    Writes report.html, and model-card.md and model-card.json if the run made a model. An S3 URI is
    read with your AWS credentials; nothing else leaves or reaches this machine.

    Exit codes: 0 rendered, 1 the manifest cannot be read or is none.
    """
    with command(verbose=verbose) as console:
        # Not for --help: the plots take a while to import.
        from bedrock_customization_local.cli import results  # noqa: PLC0415
        from bedrock_customization_local.cli.rendering import read_manifest, render  # noqa: PLC0415

        files = render(read_manifest(manifest), out)
        results.print_files(console, files)
        if open_report:
            typer.launch(files["Report"].absolute().as_uri())
