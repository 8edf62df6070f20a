"""`bedrock-customization advise`: whether to tune, and if not, what first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bedrock_customization_local.cli.aws_options import Access
from bedrock_customization_local.cli.data.options import (
    Columns,
    MethodOption,
    choice_of,
    complete_base_model,
)
from bedrock_customization_local.cli.messages import ExitCode, usage_error
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat
from bedrock_customization_local.cli.running import VerboseOption, command, error_console


@with_option_groups
def advise(
    *,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Raw data: files or folders, as `validate` takes them.",
            show_default=False,
        ),
    ] = None,
    base_model: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Base model that is to be tuned; needed for raw data.",
            autocompletion=complete_base_model,
        ),
    ] = None,
    manifest: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|S3-URI",
            help="Manifest of a run, in place of raw data: what was measured decides.",
        ),
    ] = None,
    use_case: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What it is for (TOML): metric, target, margin."),
    ] = None,
    method: MethodOption = None,
    columns: Columns,
    access: Access,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Say whether to tune: from a run's measured baseline, or as far as raw data tell.

    Exit codes: 0 tune, 1 something else first, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: the engine takes a while to import.
        from bedrock_customization_local.cli.data import advising, engine_settings, files
        from bedrock_customization_local.cli.data.byte_progress import byte_progress
        from bedrock_customization_runtime.datasets.checking.privacy import Privacy

        if (manifest is None) == (not paths):
            raise usage_error(
                "name raw data or --manifest, one of them: data are judged before a run, a "
                "manifest after its baseline was measured"
            )
        is_text = format is OutputFormat.TEXT
        if manifest is not None:
            if use_case is not None or base_model is not None:
                raise usage_error(
                    "--use-case and --base-model are of raw data: a manifest has its own"
                )
            made = advising.of_manifest(advising.read_manifest(manifest, access))
        elif base_model is None:
            raise usage_error("--base-model is missing: name the model that is to be tuned")
        else:
            choice = choice_of(base_model, method)
            stated = advising.read_use_case(use_case)
            found = files.find(paths or ())
            settings = engine_settings.settings_of(
                choice, columns.template(found.files[0].path), privacy=Privacy.OFF
            )
            with byte_progress(error_console(), "Reading", found.size, shown=is_text) as advance:
                made = advising.of_data(found, settings, stated, advance=advance)
        if is_text:
            advising.print_advice(console, made)
        else:
            typer.echo(advising.as_json(made))
        if not made.is_to_tune:
            raise typer.Exit(ExitCode.FAILURE)
