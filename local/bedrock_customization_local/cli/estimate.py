"""`bedrock-customization estimate`: tokens and cost of a training, before it is paid."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bedrock_customization_local.cli.data_options import (
    BaseModelOption,
    Columns,
    CompletionOption,
    InputsOption,
    MethodOption,
    PathsArgument,
    PromptOption,
    SystemOption,
    TargetOption,
    choice_of,
)
from bedrock_customization_local.cli.messages import ExitCode
from bedrock_customization_local.cli.running import VerboseOption, command, error_console


class EstimateFormat(StrEnum):
    """How an estimate is written."""

    TEXT = "text"
    JSON = "json"


def estimate(
    *,
    paths: PathsArgument,
    base_model: BaseModelOption,
    method: MethodOption = None,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Epochs. Without it: the base model's default."),
    ] = None,
    prompt: PromptOption = None,
    completion: CompletionOption = None,
    system: SystemOption = None,
    target: TargetOption = None,
    inputs: InputsOption = None,
    format: Annotated[
        EstimateFormat, typer.Option("--format", help="How to write the estimate.")
    ] = EstimateFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Estimate tokens and cost of a training with all of the data.

    Exit codes: 0 estimated, 1 no price is known or no record usable, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: the engine takes a while to import.
        from bedrock_customization_local.cli import (  # noqa: PLC0415
            data_files,
            engine_settings,
            estimation,
        )
        from bedrock_customization_local.cli.byte_progress import byte_progress  # noqa: PLC0415
        from bedrock_customization_runtime.datasets.privacy import Privacy  # noqa: PLC0415

        choice = choice_of(base_model, method)
        epochs = estimation.checked_epochs(choice, epochs)
        found = data_files.find(paths)
        columns = Columns(
            prompt=prompt, completion=completion, system=system, target=target, inputs=inputs or ()
        )
        settings = engine_settings.settings_of(
            choice,
            columns.template(found.files[0].path),
            near_copies=False,
            privacy=Privacy.OFF,
        )
        is_text = format is EstimateFormat.TEXT
        with byte_progress(error_console(), "Counting", found.size, shown=is_text) as advance:
            made = estimation.estimate(found, settings, epochs, advance=advance)
        if is_text:
            estimation.print_estimate(console, made)
        else:
            typer.echo(estimation.as_json(made))
        if made.training.usd is None:
            raise typer.Exit(ExitCode.FAILURE)
