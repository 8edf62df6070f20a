"""`bedrock-customization validate`: every error of every line, before anything is uploaded."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bedrock_customization_local.cli.data.options import (
    BaseModelOption,
    BucketOption,
    Columns,
    LogOptions,
    MaximumShownOption,
    MethodOption,
    PathsArgument,
    choice_of,
)
from bedrock_customization_local.cli.messages import ExitCode
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.running import VerboseOption, command, error_console


class ValidationFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


@with_option_groups
def validate(
    *,
    paths: PathsArgument,
    base_model: BaseModelOption,
    method: MethodOption = None,
    columns: Columns,
    bucket: BucketOption = None,
    logs: LogOptions,
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough", help="Look for personal data, secrets and poor answers too; slower."
        ),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings make the exit code 1 too.")
    ] = False,
    format: Annotated[
        ValidationFormat, typer.Option("--format", help="How to write what was found.")
    ] = ValidationFormat.TEXT,
    max_shown: MaximumShownOption = 5,
    verbose: VerboseOption = False,
) -> None:
    """Check data against every rule of a base model: all errors of all lines, in one pass.

    Exit codes: 0 everything can be used, 1 something cannot, 2 the command makes no sense.

    Parts of records are shown on a terminal alone, masked; never in a log or file.
    """
    with command(verbose=verbose) as console:
        # Not for --help: the engine takes a while to import.
        from bedrock_customization_local.cli.data import (
            engine_settings,
            files,
            machine_formats,
            validation,
            validation_text,
        )
        from bedrock_customization_local.cli.data.byte_progress import byte_progress

        choice = choice_of(base_model, method)
        found = files.find(paths)
        settings = engine_settings.settings_of(
            choice,
            columns.template(found.files[0].path),
            bucket=bucket,
            logs=logs,
        )
        is_text = format is ValidationFormat.TEXT
        with byte_progress(error_console(), "Validating", found.size, shown=is_text) as advance:
            done = validation.validate(
                found,
                choice,
                settings,
                thorough=thorough,
                strict=strict,
                listed=max_shown if is_text else None,
                originals=is_text and console.is_terminal,
                advance=advance,
            )
        match format:
            case ValidationFormat.TEXT:
                validation_text.print_validation(console, done, max_shown=max_shown)
            case ValidationFormat.JSON:
                typer.echo(machine_formats.as_json(done))
            case ValidationFormat.SARIF:
                typer.echo(machine_formats.as_sarif(done))
            case ValidationFormat.GITHUB:
                for line in machine_formats.as_github(done):
                    typer.echo(line)
        if not done.is_clean:
            raise typer.Exit(ExitCode.FAILURE)
