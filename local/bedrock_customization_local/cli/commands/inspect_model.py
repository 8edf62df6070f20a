"""`bedrock-customization inspect-model`: would Bedrock import this model, and if not, why?"""

from __future__ import annotations

from typing import Annotated

import typer

from bedrock_customization_local.cli.aws_options import Access, ProfileOption
from bedrock_customization_local.cli.messages import CommandError, ExitCode
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat
from bedrock_customization_local.cli.running import VerboseOption, command


def inspect_model(
    *,
    folder: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER",
            help="The model's: a path, s3://bucket/prefix, or hf:organization/model@revision.",
            show_default=False,
        ),
    ],
    region: Annotated[
        str | None,
        typer.Option(
            metavar="REGION",
            help="Where to import it, which is the bucket's too. Without it: that is not checked.",
        ),
    ] = None,
    profile: ProfileOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings make the exit code 1 too.")
    ] = False,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Look into a model folder before it is imported: everything that is wrong, in one pass.

    Of the weights the headers alone are read. No code of the model's runs but its chat template, in
    a sandbox.

    Exit codes: 0 the model can be imported, 1 it cannot, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: all this takes a while to import.
        from bedrock_customization_local.cli.deployed.pipelines import aws_errors
        from bedrock_customization_local.cli.models import (
            folders,
            inspection_text,
        )
        from bedrock_customization_runtime import catalog, weights

        try:
            opened = folders.folder_of(folder, Access(region=region, profile=profile))
            with aws_errors():
                inspection = weights.inspect(opened, catalog.import_rules(), region=region)
        except OSError as error:
            raise CommandError(
                f"{error.filename} cannot be read: {error.strerror}",
                advice=("check the rights of the file",),
            ) from error
        match format:
            case OutputFormat.TEXT:
                inspection_text.print_inspection(
                    console, folder, inspection, region=region, is_strict=strict
                )
            case OutputFormat.JSON:
                typer.echo(inspection_text.as_json(folder, inspection, region=region))
        if not inspection.can_be_imported or (strict and inspection.findings):
            raise typer.Exit(ExitCode.FAILURE)
