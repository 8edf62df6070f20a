"""`bedrock-customization estimate`: what a run costs, item by item, before it is paid."""

from __future__ import annotations

from typing import Annotated

import typer

from bedrock_customization_local.cli.data.options import (
    BaseModelOption,
    Columns,
    LogOptions,
    MethodOption,
    PathsArgument,
    TeacherOption,
    choice_of,
)
from bedrock_customization_local.cli.defaults import FEW_SHOT, MAXIMUM_TOKENS
from bedrock_customization_local.cli.messages import ExitCode
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat
from bedrock_customization_local.cli.running import VerboseOption, command, error_console


@with_option_groups
def estimate(
    *,
    paths: PathsArgument,
    base_model: BaseModelOption,
    method: MethodOption = None,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Epochs. Without it: the base model's default."),
    ] = None,
    max_tokens: Annotated[
        int, typer.Option(metavar="N", min=1, help="Limit of an answer in the evaluation.")
    ] = MAXIMUM_TOKENS,
    few_shot: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, max=10, help="Examples before a question; 0 asks without them only."
        ),
    ] = FEW_SHOT,
    teacher: TeacherOption = None,
    max_response_length: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Of a teacher's answers, in tokens. Without it: as long as those in the data.",
        ),
    ] = None,
    columns: Columns,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Estimate what a run costs: training, a teacher, the evaluation, and what is kept.

    Exit codes: 0 estimated, 1 something has no known price, or no record is usable, 2 the command
    makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: the engine takes a while to import.
        from bedrock_customization_local.cli.data import engine_settings, estimation, files
        from bedrock_customization_local.cli.data.byte_progress import byte_progress
        from bedrock_customization_runtime.datasets.checking.privacy import Privacy

        choice = choice_of(base_model, method)
        plan = estimation.RunPlan(
            epochs=estimation.checked_epochs(choice, epochs),
            max_tokens=max_tokens,
            few_shot=few_shot,
            teaching=estimation.checked_teaching(choice, teacher, max_response_length),
        )
        found = files.find(paths)
        settings = engine_settings.settings_of(
            choice,
            columns.template(found.files[0].path),
            near_copies=False,
            privacy=Privacy.OFF,
            logs=LogOptions(teacher=teacher),
        )
        is_text = format is OutputFormat.TEXT
        with byte_progress(error_console(), "Counting", found.size, shown=is_text) as advance:
            made = estimation.estimate(found, settings, plan, advance=advance)
        if is_text:
            estimation.print_estimate(console, made)
        else:
            typer.echo(estimation.as_json(made))
        if made.run.usd is None:
            raise typer.Exit(ExitCode.FAILURE)
