"""`bedrock-customization check`: is a template safe to customize models with?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bedrock_customization_local.cli.messages import ExitCode
from bedrock_customization_local.cli.running import VerboseOption, command


class CheckFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


def check(
    *,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="A template in JSON, or the folder that cdk synth writes."
        ),
    ] = Path("cdk.out"),
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings make the exit code 1 too.")
    ] = False,
    format: Annotated[
        CheckFormat, typer.Option("--format", help="How to write what was found.")
    ] = CheckFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Hold templates that customize models against the rules of this package.

    Exit codes: 0 no error, 1 an error, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: the rules take a moment to import.
        from bedrock_customization_local.cli.templates import (
            files,
            findings_text,
            machine_formats,
        )

        templates = files.checked(path)
        match format:
            case CheckFormat.TEXT:
                findings_text.print_findings(console, templates, is_strict=strict)
            case CheckFormat.JSON:
                typer.echo(machine_formats.as_json(templates))
            case CheckFormat.SARIF:
                typer.echo(machine_formats.as_sarif(templates))
            case CheckFormat.GITHUB:
                for line in machine_formats.as_github(templates):
                    typer.echo(line)
        findings = [each for template in templates for each in template.findings]
        if any(each.is_error or strict for each in findings):
            raise typer.Exit(ExitCode.FAILURE)
